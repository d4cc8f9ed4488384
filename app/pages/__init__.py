"""The pages: one page is a handler, its view data and its template, side by side in this folder."""
