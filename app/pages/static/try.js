// Starts Swagger UI on the service's own description; a script inside the page would be forbidden there.
"use strict";
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#try",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  displayOperationId: false,
  persistAuthorization: false,
  validatorUrl: null,
});
