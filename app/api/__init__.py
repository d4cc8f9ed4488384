"""The HTTP door: `/v1`, handlers of a few lines over `app.actions` and the store's views."""
