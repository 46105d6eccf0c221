//! The pages of the OpenID provider.

/// A login page that asks for a name; `request` is what the form says it is about.
pub(crate) fn login_page(request: &str) -> String {
    page(
        "Log in",
        &format!(
            "<h1>Log in</h1><p>This is the identity provider of <code>kubecred demo login</code>. Any name \
             will do.</p><form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"request\" \
             value=\"{request}\"><label>User name <input name=\"user\" value=\"demo\" autofocus \
             autocomplete=\"off\"></label><button type=\"submit\">Log in</button></form>",
            request = escape(request)
        ),
    )
}

/// A page that asks for a device code and a name; `code` is what the address has of it.
pub(crate) fn device_page(code: &str) -> String {
    page(
        "Log in on a device",
        &format!(
            "<h1>Log in on a device</h1><p>Enter the code that the program shows. Any name will do.</p><form \
             method=\"post\" action=\"/device\"><label>Code <input name=\"user_code\" value=\"{code}\" \
             autocomplete=\"off\"></label><label>User name <input name=\"user\" value=\"demo\" \
             autocomplete=\"off\"></label><button type=\"submit\">Log in</button></form>",
            code = escape(code)
        ),
    )
}

/// A page that says one thing.
pub(crate) fn message_page(text: &str) -> String {
    page("Identity provider", &format!("<p>{}</p>", escape(text)))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title><style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh \
         auto;padding:0 1rem}}input,button{{font:inherit;padding:.4rem .6rem;margin:.5rem 0}}\
         label{{display:block}}</style><main>{body}</main></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
