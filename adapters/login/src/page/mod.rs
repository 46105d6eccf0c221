//! Pages at the end of a login: built in, or the user's own templates in kubekey's form.
//!
//! The built-in pages load nothing from elsewhere, run no script, and follow the light or dark
//! setting of the browser. Every value is escaped for where it stands (LG-111).

mod escape;
mod template;

use escape::attribute;
use kubecred_core::login::{Page, SuccessPage};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use template::{Template, Values};

/// A template that is larger than this is not one.
const LIMIT: u64 = 1 << 20;

/// Folders that are always looked into, after those of the variables (LG-112).
const FOLDERS: [&str; 3] = ["/etc/kubekey", "/usr/local/share/kubekey", "/usr/share/kubekey"];

/// Where templates are looked for. Never the working directory: any folder that somebody works in
/// may have a `templates`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFolders(Vec<PathBuf>);

impl TemplateFolders {
    /// `KUBECRED_TEMPLATEDIR`, `KUBEKEY_TEMPLATEDIR`, and kubekey's folders, in this order.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let named = ["KUBECRED_TEMPLATEDIR", "KUBEKEY_TEMPLATEDIR"];
        let named = named.into_iter().filter_map(variable).map(PathBuf::from);
        // A relative one would depend on where kubectl happens to be run.
        let named = named.filter(|folder| folder.is_absolute());
        Self(named.chain(FOLDERS.map(PathBuf::from)).collect())
    }

    /// Only these.
    #[must_use]
    pub fn only(folders: Vec<PathBuf>) -> Self {
        Self(folders)
    }

    /// The page as HTML, and what was wrong with a template of the user's, if anything was: then it
    /// is the built-in page (LG-113).
    #[must_use]
    pub fn render(&self, page: &Page) -> (String, Option<String>) {
        let (name, values) = match page {
            Page::Success(SuccessPage { name, picture }) => {
                let picture = if is_picture(picture) { picture } else { "" };
                ("html_ok.tmpl", Values::new(&[("Name", name), ("Picture", picture)]))
            }
            Page::Failure { message } => ("html_fail.tmpl", Values::new(&[("Msg", message)])),
        };
        for folder in &self.0 {
            let path = folder.join(name);
            match read(&path).map(|text| text.map(|text| Template::parse(&text))) {
                Ok(None) => {}
                Ok(Some(Ok(template))) => return (template.render(&values), None),
                Ok(Some(Err(problem))) => {
                    return (built_in(page), Some(format!("{}: {problem}", path.display())));
                }
                Err(error) => {
                    return (built_in(page), Some(format!("{}: {error}", path.display())));
                }
            }
        }
        (built_in(page), None)
    }
}

/// The text of a template; `None` if there is no such file.
fn read(path: &Path) -> std::io::Result<Option<String>> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() || metadata.len() > LIMIT {
        return Err(std::io::Error::other("it is not a file of at most 1 MiB"));
    }
    std::fs::read_to_string(path).map(Some)
}

fn is_missing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Whether a picture may be named in a page (LG-111).
fn is_picture(url: &str) -> bool {
    let begins =
        |start: &str| url.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start));
    begins("https://") || begins("data:image/")
}

/// The built-in page.
fn built_in(page: &Page) -> String {
    let template = include_str!("page.html");
    match page {
        Page::Success(SuccessPage { name, picture }) => {
            let title = if name.is_empty() { "Logged in".into() } else { format!("Hello, {name}") };
            let face = face(name, picture);
            let text = "You are logged in. You can close this page and go back to the terminal.";
            fill(template, &["ok", "Logged in", &face, &escape::text(&title), text, ""])
        }
        Page::Failure { message } => {
            let detail = format!("<p class=\"detail\">{}</p>", escape::text(message));
            let text = "You are not logged in. The terminal says the same; try again from there.";
            fill(template, &["fail", "Login failed", CROSS, "Login failed", text, &detail])
        }
    }
}

/// Puts the parts, which are HTML already, in their places.
fn fill(template: &str, parts: &[&str; 6]) -> String {
    let names = ["{class}", "{title}", "{face}", "{heading}", "{text}", "{detail}"];
    let mut page =
        String::with_capacity(template.len() + parts.iter().map(|p| p.len()).sum::<usize>());
    let mut rest = template;
    // In one pass, so that a part that looks like a place is not taken for one.
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        page.push_str(before);
        match names.iter().zip(parts).find(|(name, _)| after.starts_with(**name)) {
            Some((name, part)) => {
                page.push_str(part);
                rest = after.get(name.len()..).unwrap_or_default();
            }
            None => {
                page.push('{');
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    page.push_str(rest);
    page
}

/// A picture that is in the page itself, or the initials, or a check mark.
fn face(name: &str, picture: &str) -> String {
    let embedded = picture.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("data:image/"));
    if embedded {
        return format!("<img class=\"face\" alt=\"\" src=\"{}\">", attribute(picture));
    }
    let initials = initials(name);
    if initials.is_empty() {
        return CHECK.to_owned();
    }
    let initials = escape::text(&initials);
    format!("<div class=\"face\" aria-hidden=\"true\">{initials}</div>")
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().next());
    let letters = letters.next().into_iter().chain(letters.next_back());
    letters.filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).take(2).collect()
}

const CHECK: &str = "<div class=\"face\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" width=\"40\" \
    height=\"40\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.5\" stroke-linecap=\"round\" \
    stroke-linejoin=\"round\"><path d=\"M5 12.5l4.5 4.5L19 7.5\"/></svg></div>";

const CROSS: &str = "<div class=\"face\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" width=\"40\" \
    height=\"40\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.5\" stroke-linecap=\"round\" \
    ><path d=\"M7 7l10 10M17 7L7 17\"/></svg></div>";

#[cfg(test)]
mod tests {
    use super::*;

    fn success(name: &str, picture: &str) -> Page {
        Page::Success(SuccessPage { name: name.into(), picture: picture.into() })
    }

    fn failure(message: &str) -> Page {
        Page::Failure { message: message.into() }
    }

    fn folders(files: &[(&str, &str)]) -> (tempfile::TempDir, TemplateFolders) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().to_owned();
        (folder, TemplateFolders::only(vec![path]))
    }

    #[test]
    fn lg_111_values_are_escaped_and_the_built_in_page_loads_nothing() {
        let hostile = "<script>alert('\"&{heading}')</script>";
        for page in [success(hostile, hostile), failure(hostile), success("", "https://x/y.png")] {
            let html = built_in(&page);
            assert!(!html.contains("<script"), "{html}");
            assert!(!html.contains("http"), "{html}");
            assert!(!html.contains("onload") && !html.contains("url("), "{html}");
        }
        let html = built_in(&success(hostile, ""));
        assert!(html.contains("&lt;script&gt;alert(&#39;&quot;&amp;{heading}&#39;)"), "{html}");
        let html = built_in(&success("Ann", "data:image/png;base64,AA==\" onerror=\"x"));
        assert!(
            html.contains("src=\"data:image/png;base64,AA==&quot; onerror=&quot;x\""),
            "{html}"
        );
    }

    #[test]
    fn lg_111_a_template_gets_a_picture_only_by_https_or_in_the_page() {
        let (_folder, folders) = folders(&[("html_ok.tmpl", "[{{.Picture}}]")]);
        let shown = |picture: &str| folders.render(&success("Ann", picture)).0;
        assert_eq!(shown("https://a/b.png"), "[https://a/b.png]");
        assert_eq!(shown("data:image/png;base64,AA=="), "[data:image/png;base64,AA==]");
        for picture in ["http://a/b.png", "javascript:alert(1)", "data:text/html,x", "//a/b"] {
            assert_eq!(shown(picture), "[]", "{picture}");
        }
    }

    #[test]
    fn lg_112_templates_come_from_the_variables_then_kubekeys_folders_never_from_here() {
        let folders = TemplateFolders::from_variables(|name| match name {
            "KUBECRED_TEMPLATEDIR" => Some("/ours".into()),
            "KUBEKEY_TEMPLATEDIR" => Some("/theirs".into()),
            _ => None,
        });
        let expected =
            ["/ours", "/theirs", "/etc/kubekey", "/usr/local/share/kubekey", "/usr/share/kubekey"];
        assert_eq!(folders.0, expected.map(PathBuf::from));
        let folders = TemplateFolders::from_variables(|_| Some("templates".into()));
        assert!(folders.0.iter().all(|folder| folder.is_absolute()), "{folders:?}");
    }

    #[test]
    fn lg_112_each_file_is_looked_for_in_each_folder() {
        let (first, _) = folders(&[("html_fail.tmpl", "F {{.Msg}}")]);
        let (second, _) = folders(&[("html_ok.tmpl", "O {{.Name}}"), ("html_fail.tmpl", "G")]);
        let both = vec![first.path().to_owned(), second.path().to_owned()];
        let folders = TemplateFolders::only(both);
        assert_eq!(folders.render(&success("<Ann>", "")), ("O &lt;Ann&gt;".into(), None));
        assert_eq!(folders.render(&failure("no")), ("F no".into(), None));
    }

    #[test]
    fn lg_113_a_broken_template_is_said_and_the_built_in_page_is_shown() {
        for text in ["{{range .X}}{{end}}", "{{.Name", "{{if .Name}}"] {
            let (_folder, folders) = folders(&[("html_ok.tmpl", text)]);
            let (html, notice) = folders.render(&success("Ann", ""));
            assert!(html.contains("Hello, Ann"), "{html}");
            assert!(notice.unwrap().contains("html_ok.tmpl"), "{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("html_fail.tmpl")).unwrap();
        let folders = TemplateFolders::only(vec![folder.path().to_owned()]);
        let (html, notice) = folders.render(&failure("no"));
        assert!(html.contains("Login failed") && notice.is_some(), "{html}");
        let none = TemplateFolders::only(vec![folder.path().join("gone")]);
        assert_eq!(none.render(&failure("no")).1, None);
    }

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Ann", "A"),
            ("ann marie svensson", "AS"),
            ("", ""),
            ("  ", ""),
            ("<x> y", "Y"),
            ("éa ß", "ÉS"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
