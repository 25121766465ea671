//! Messages for the next page.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::cookies::{self, CookieSpec};
use crate::error::Error;
use crate::manager::RequestState;

/// The cookie's name.
const NAME: &str = "flash";
/// What all messages together may take, in bytes of JSON: encrypted, they stay below a browser's 4,096.
const MAX_BYTES: usize = 2_500;

/// Messages for the user, kept until a page shows them: on this one, or after a redirect on the next.
///
/// They live in one small encrypted cookie, so a visitor costs no row. Reading drains them. When they no
/// longer fit (2,500 bytes), the oldest go first.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::response::{Html, Redirect};
/// use axum_login_kit::Flash;
///
/// #[axum::debug_handler]
/// async fn save(flash: Flash) -> Redirect {
///     flash.success("Your account has been updated.");
///     Redirect::to("/account")
/// }
///
/// #[axum::debug_handler]
/// async fn account(flash: Flash) -> Html<String> {
///     let messages = flash.take();
///     Html(messages.iter().map(|message| format!("<p class={}>…</p>", message.category)).collect())
/// }
///
/// # let login = manager().build()?;
/// let visitor = stranger(&login, Router::new().route("/save", post(save)).route("/account", get(account)));
/// visitor.post("/save").follow().await.assert_text("<p class=success>…</p>");
/// visitor.get("/account").await.assert_text(""); // each is shown once
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Flash(Arc<RequestState>);

/// One message of a [`Flash`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().build()?;
/// let page = async |flash: Flash| {
///     flash.warning("The disk is almost full.");
///     let messages: Vec<FlashMessage> = flash.take();
///     format!("{}: {}", messages[0].category, messages[0].text)
/// };
/// let visitor = stranger(&login, Router::new().route("/page", get(page)));
/// visitor.get("/page").await.assert_text("warning: The disk is almost full.");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FlashMessage {
    /// Its category, such as `success`: often the name of a CSS class.
    pub category: String,
    /// What it says: plain text, to be escaped as any other.
    pub text: String,
}

/// The messages of one request.
#[derive(Debug)]
pub(crate) struct FlashBuffer {
    secure: bool,
    presented: bool,
    changed: bool,
    messages: Vec<FlashMessage>,
}

impl Flash {
    /// Adds a message of any category.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let save = async |flash: Flash| flash.push("party", "It is done!");
    /// let show = async |flash: Flash| format!("{:?}", flash.take());
    /// let visitor = stranger(&login, Router::new().route("/save", post(save)).route("/show", get(show)));
    /// visitor.post("/save").await.assert_status(200);
    /// visitor.get("/show").await.assert_text(r#"[FlashMessage { category: "party", text: "It is done!" }]"#);
    /// visitor.get("/show").await.assert_text("[]");
    /// # Ok(())
    /// # }
    /// ```
    pub fn push(&self, category: impl Into<String>, text: impl Into<String>) {
        let message = FlashMessage {
            category: category.into(),
            text: text.into(),
        };
        if let Some(buffer) = self.0.flash().as_mut() {
            buffer.changed = true;
            buffer.messages.push(message);
        }
    }

    /// Adds a message of the category `success`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let shown = async |flash: Flash| {
    ///     flash.success("Look!");
    ///     flash.take()[0].category.clone()
    /// };
    /// let page = Client::new(Router::new().route("/page", get(shown)).layer(login.layer()));
    /// page.get("/page").await.assert_text("success");
    /// # Ok(())
    /// # }
    /// ```
    pub fn success(&self, text: impl Into<String>) {
        self.push("success", text);
    }

    /// Adds a message of the category `info`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let shown = async |flash: Flash| {
    ///     flash.info("Look!");
    ///     flash.take()[0].category.clone()
    /// };
    /// let page = Client::new(Router::new().route("/page", get(shown)).layer(login.layer()));
    /// page.get("/page").await.assert_text("info");
    /// # Ok(())
    /// # }
    /// ```
    pub fn info(&self, text: impl Into<String>) {
        self.push("info", text);
    }

    /// Adds a message of the category `warning`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let shown = async |flash: Flash| {
    ///     flash.warning("Look!");
    ///     flash.take()[0].category.clone()
    /// };
    /// let page = Client::new(Router::new().route("/page", get(shown)).layer(login.layer()));
    /// page.get("/page").await.assert_text("warning");
    /// # Ok(())
    /// # }
    /// ```
    pub fn warning(&self, text: impl Into<String>) {
        self.push("warning", text);
    }

    /// Adds a message of the category `danger`, the name that CSS frameworks give to errors.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let shown = async |flash: Flash| {
    ///     flash.danger("Look!");
    ///     flash.take()[0].category.clone()
    /// };
    /// let page = Client::new(Router::new().route("/page", get(shown)).layer(login.layer()));
    /// page.get("/page").await.assert_text("danger");
    /// # Ok(())
    /// # }
    /// ```
    pub fn danger(&self, text: impl Into<String>) {
        self.push("danger", text);
    }

    /// Adds a message of the category `error`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let shown = async |flash: Flash| {
    ///     flash.error("Look!");
    ///     flash.take()[0].category.clone()
    /// };
    /// let page = Client::new(Router::new().route("/page", get(shown)).layer(login.layer()));
    /// page.get("/page").await.assert_text("error");
    /// # Ok(())
    /// # }
    /// ```
    pub fn error(&self, text: impl Into<String>) {
        self.push("error", text);
    }

    /// Takes all messages, oldest first: those of earlier responses and those of this request. They are gone
    /// afterwards.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let page = async |flash: Flash| {
    ///     flash.info("one");
    ///     flash.info("two");
    ///     let texts: Vec<String> = flash.take().into_iter().map(|message| message.text).collect();
    ///     format!("{}, then {}", texts.join(" and "), flash.take().len())
    /// };
    /// stranger(&login, Router::new().route("/page", get(page))).get("/page").await.assert_text("one and two, then 0");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "the messages are gone afterwards"]
    pub fn take(&self) -> Vec<FlashMessage> {
        let messages = match self.0.flash().as_mut() {
            Some(buffer) => {
                buffer.changed |= buffer.presented;
                std::mem::take(&mut buffer.messages)
            }
            None => Vec::new(),
        };
        if !messages.is_empty() {
            self.0.mark_private();
        }
        messages
    }

    /// Adds a message unless it is there already, as when several requests are sent to the login page.
    pub(crate) fn push_once(&self, category: &str, text: &str) {
        let is_there = self.0.flash().as_ref().is_some_and(|buffer| {
            let mut messages = buffer.messages.iter();
            messages.any(|message| message.category == category && message.text == text)
        });
        if !is_there {
            self.push(category, text);
        }
    }

    /// The messages of the request; the cookie is read at the first call.
    pub(crate) fn open(state: &Arc<RequestState>, parts: &Parts) -> Self {
        state.mark_consulted();
        state
            .flash()
            .get_or_insert_with(|| FlashBuffer::read(state, parts));
        Flash(Arc::clone(state))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Flash {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let state = parts.extensions.get::<Arc<RequestState>>().ok_or_else(|| {
            Error::missing_layer(
                "`Flash` finds no login layer: add `.layer(login.layer())` to the router, after its routes"
                    .to_owned(),
            )
        })?;
        state.begin_attempt(&parts.extensions);
        Ok(Flash::open(state, parts))
    }
}

impl FlashBuffer {
    fn read(state: &RequestState, parts: &Parts) -> Self {
        let secure = state.secure_cookies().for_request(parts);
        let name = cookie_name(secure);
        let sealed = cookies::find(&parts.headers, &name);
        let opened = sealed.and_then(|sealed| state.keys().unseal(&name, sealed));
        let messages = opened.and_then(|json| serde_json::from_str(&json).ok());
        FlashBuffer {
            secure,
            presented: sealed.is_some(),
            changed: false,
            messages: messages.unwrap_or_default(),
        }
    }

    /// Leaves the messages nobody has read in the response's cookie; true if it now carries one.
    pub(crate) fn write(mut self, state: &RequestState, headers: &mut HeaderMap) -> bool {
        if !self.changed {
            return false;
        }
        let spec = CookieSpec::plain(NAME, self.secure);
        match fitting_json(&mut self.messages) {
            Some(json) => {
                let sealed = state.keys().seal(&spec.name, json);
                cookies::set(headers, &spec, &sealed, None);
                true
            }
            None if self.presented => {
                cookies::remove(headers, &spec);
                true
            }
            None => false,
        }
    }
}

/// The name of the cookie that has the messages.
pub(crate) fn cookie_name(secure: bool) -> String {
    cookies::full_name(NAME, secure)
}

/// The messages as JSON, without the oldest where they are too many; `None` when none is left.
fn fitting_json(messages: &mut Vec<FlashMessage>) -> Option<String> {
    while !messages.is_empty() {
        let json = serde_json::to_string(messages).ok()?;
        if json.len() <= MAX_BYTES {
            return Some(json);
        }
        if messages.len() > 1 {
            messages.remove(0);
        } else {
            shorten(&mut messages[0].text, json.len() - MAX_BYTES)?;
        }
    }
    None
}

/// Cuts at least `excess` bytes off the end; `None` when nothing would be left.
fn shorten(text: &mut String, excess: usize) -> Option<()> {
    let mut end = text.len().checked_sub(excess + '…'.len_utf8())?;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push('…');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{FlashMessage, MAX_BYTES, fitting_json};

    fn message(text: &str) -> FlashMessage {
        FlashMessage {
            category: "info".into(),
            text: text.into(),
        }
    }

    #[test]
    fn the_oldest_go_first_when_there_are_too_many() {
        let mut messages: Vec<_> = (0..100).map(|n| message(&format!("message {n}"))).collect();
        let json = fitting_json(&mut messages).unwrap();
        assert!(json.len() <= MAX_BYTES);
        assert_eq!(messages.last().unwrap().text, "message 99");
        assert_ne!(messages[0].text, "message 0");
    }

    #[test]
    fn a_single_long_one_is_cut_between_characters() {
        for text in ["x".repeat(5_000), "🦀".repeat(2_000), "\"".repeat(2_400)] {
            let mut messages = vec![message(&text)];
            let json = fitting_json(&mut messages).unwrap();
            assert!(json.len() <= MAX_BYTES);
            assert!(messages[0].text.ends_with('…'));
        }
    }

    #[test]
    fn what_cannot_fit_at_all_is_left_out() {
        let mut messages = vec![FlashMessage {
            category: "c".repeat(5_000),
            text: "text".into(),
        }];
        assert_eq!(fitting_json(&mut messages), None);
        assert_eq!(fitting_json(&mut Vec::new()), None);
    }
}
