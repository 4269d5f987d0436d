//! The description of the API that clients are written from: `OpenAPI` 3.1, made from the handlers.

use serde_json::{Value, json};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder,
    security::{
        ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
    },
};

use super::{code_flow, problem, sessions};

/// What stands in it before the routes.
pub(super) fn base() -> OpenApi {
    let bearer = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key"))
            .build(),
    );
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
        sessions::COOKIE,
        "The page's session. Methods that change something also check `Origin` and `X-CSRF-Token`",
    )));
    let (name, problem) = problem::schema();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("medbot")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Scanned medical documents to text, entities and the pixels that prove them. \
                     Nothing that medbot finds has been reviewed by a person unless it says so.",
                ))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("key", bearer)
                .security_scheme("session", cookie)
                .schema(name, problem)
                .build(),
        ))
        .security(Some([
            SecurityRequirement::new("key", [] as [&str; 0]),
            SecurityRequirement::new("session", [] as [&str; 0]),
        ]))
        .build()
}

/// The finished description: the document result's own schema stands among the others.
pub(super) fn finished(description: &OpenApi) -> Value {
    let mut value = serde_json::to_value(description).unwrap_or_default();
    let document = schemas::json_schema().to_string();
    // Inside, references are to the place where the schema stands now.
    let document = document.replace("\"#/$defs/", "\"#/components/schemas/Document/$defs/");
    if let (Some(components), Ok(mut document)) = (
        value.pointer_mut("/components/schemas"),
        serde_json::from_str::<Value>(&document),
    ) {
        if let Some(object) = document.as_object_mut() {
            object.remove("$id");
            object.remove("$schema");
        }
        components["Document"] = document;
    }
    let result = "/paths/~1v1~1documents~1{id}/get/responses/200/content/application~1json/schema";
    if let Some(schema) = value.pointer_mut(result) {
        *schema = json!({"$ref": "#/components/schemas/Document"});
    }
    for path in ["/healthz", "/readyz", "/version"] {
        value["paths"][path]["get"]["security"] = json!([]);
    }
    value["paths"]["/v1/session"]["post"]["security"] = json!([]);
    for path in ["/v1/sign-in", code_flow::CALLBACK] {
        value["paths"][path]["get"]["security"] = json!([]);
    }
    // A problem wherever one is answered.
    problems(&mut value);
    value
}

fn problems(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                if key == "application/problem+json" {
                    *inner = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
                } else {
                    problems(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(problems),
        _ => {}
    }
}
