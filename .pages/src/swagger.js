// The Swagger UI page: the operations of the OpenAPI document that the page's element names.

import "swagger-ui-dist/swagger-ui.css";
import "./swagger.css";

import SwaggerUIBundle from "swagger-ui-dist/swagger-ui-bundle.js";

// Swagger UI has dark rules under this class; only its top bar, which is not used here, would set it.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const domNode = document.getElementById("swagger-ui");

SwaggerUIBundle({
  domNode,
  url: domNode.dataset.openapi,
  validatorUrl: null, // the badge would tell another host the document's address
  deepLinking: true,
});
