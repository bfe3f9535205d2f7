//! What the service says when it refuses an operation. Knows nothing of jobs.

use dcs_wait::text::one_line;
use serde_json::Value;

/// The code and the message in the body of an error, flat or nested in `error`, as one line that is safe to show;
/// `None` if it has neither.
pub(crate) fn refusal(body: &Value) -> Option<String> {
    let text = |names: &[&str]| {
        names.iter().find_map(|name| {
            match body.get("error").and_then(|inner| inner.get(name)).or_else(|| body.get(name))? {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        })
    };
    let code = text(&["error_code", "errorCode", "code"]);
    let message = text(&["error_msg", "errorMsg", "message", "error"]);
    let said: Vec<String> = [code, message].into_iter().flatten().collect();
    if said.is_empty() {
        return None;
    }
    let said = one_line(&said.join(" "));
    Some(match text(&["request_id"]) {
        Some(id) => format!("{said} (request id {})", one_line(&id)),
        None => said,
    })
}
