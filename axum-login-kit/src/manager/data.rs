//! What an application keeps for a visitor.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::request::{Current, LoginContext};
use crate::error::Error;
use crate::session::{DataChange, SessionChange};
use crate::user::AuthUser;

/// What the visitor's cookie may hold, so that it stays below a browser's 4,096 bytes with its name and attributes.
const MAX_BYTES: usize = 3_800;
/// How often a change is tried anew when another request was faster.
const ATTEMPTS: usize = 20;
/// How many bytes a session in a cookie takes beside its data, with a long key of its user.
const BESIDE: usize = 700;

/// Something that an application keeps in the session of a user or visitor, such as a shopping cart: see
/// [`Auth::data`](crate::Auth::data).
///
/// It is stored as JSON under its name. What can no longer be read, because the type has changed, is its default.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// #[derive(Default, serde::Serialize, serde::Deserialize)]
/// struct Seen { pages: u32 }
///
/// impl SessionData for Seen {
///     const NAME: &'static str = "seen";
/// }
///
/// let login = manager().build()?;
/// let page = async |auth: Auth<User>| -> Result<String, Error> {
///     let pages = auth.update_data(|seen: &mut Seen| {
///         seen.pages += 1;
///         seen.pages.to_string()
///     });
///     pages.await
/// };
/// let visitor = stranger(&login, Router::new().route("/page", get(page)));
/// visitor.get("/page").await.assert_text("1");
/// visitor.get("/page").await.assert_text("2");
/// # Ok(())
/// # }
/// ```
pub trait SessionData: Serialize + DeserializeOwned + Default + Send {
    /// The name it is stored under, such as `cart`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// struct Cart(Vec<i32>);
    /// #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// struct Wishes(Vec<i32>);
    ///
    /// impl SessionData for Cart {
    ///     const NAME: &'static str = "cart";
    /// }
    /// impl SessionData for Wishes {
    ///     const NAME: &'static str = "wishes"; // beside the cart
    /// }
    ///
    /// # let login = manager().build()?;
    /// let add = async |auth: Auth<User>| -> Result<String, Error> {
    ///     auth.update_data(|cart: &mut Cart| cart.0.push(7)).await?;
    ///     Ok(format!("{:?} and {:?}", auth.data::<Cart>().await?.0, auth.data::<Wishes>().await?.0))
    /// };
    /// stranger(&login, Router::new().route("/add", post(add))).post("/add").await.assert_text("[7] and []");
    /// # Ok(())
    /// # }
    /// ```
    const NAME: &'static str;
}

/// All data of a session: a version and the values by their names. Every change has a version of its own, so that two
/// texts are never the same by accident, under whatever collation.
struct Stored {
    version: u64,
    values: Map<String, Value>,
}

impl Stored {
    fn read(text: Option<&str>) -> Self {
        let (version, json) = text
            .and_then(|text| text.split_once(' '))
            .unwrap_or_default();
        Stored {
            version: version.parse().unwrap_or_default(),
            values: serde_json::from_str(json).unwrap_or_default(),
        }
    }

    fn get<T: SessionData>(&self) -> T {
        let value = self.values.get(T::NAME);
        value
            .and_then(|value| T::deserialize(value).ok())
            .unwrap_or_default()
    }

    fn with<T: SessionData>(mut self, data: &T) -> Result<String, Error> {
        let value = serde_json::to_value(data).map_err(Error::backend)?;
        self.values.insert(T::NAME.to_owned(), value);
        let json = serde_json::to_string(&self.values).map_err(Error::backend)?;
        Ok(format!("{} {json}", self.version.wrapping_add(1)))
    }
}

impl<U: AuthUser> LoginContext<U> {
    /// What is kept under the type's name.
    pub(crate) async fn data<T: SessionData>(&self) -> Result<T, Error> {
        let mut current = self.lock().await;
        let text = match self.load_into(&mut current).await? {
            Some(session) if session.stored.is_some() => session
                .stored
                .as_ref()
                .and_then(|session| session.data.clone()),
            _ => self.visitor_data(&mut current).clone(),
        };
        if text.is_some() {
            self.state().mark_private();
        }
        Ok(Stored::read(text.as_deref()).get())
    }

    /// Changes it, once more when another request was faster.
    pub(crate) async fn update_data<T: SessionData, R>(
        &self,
        mut change: impl FnMut(&mut T) -> R,
    ) -> Result<R, Error> {
        let mut current = self.lock().await;
        self.state().mark_private();
        for _ in 0..ATTEMPTS {
            let session = self.load_into(&mut current).await?;
            let stored = session.as_ref().and_then(|session| session.stored.as_ref());
            let from = match stored {
                Some(stored) => stored.data.clone(),
                None => self.visitor_data(&mut current).clone(),
            };
            let values = Stored::read(from.as_deref());
            let mut data = values.get::<T>();
            let outcome = change(&mut data);
            let to = values.with(&data)?;
            let Some(stored) = stored else {
                self.keep_for_visitor(&mut current, to)?;
                return Ok(outcome);
            };
            let change = SessionChange {
                data: Some(DataChange::new(from, Some(to))),
                ..SessionChange::default()
            };
            let is_written = self
                .write_state(stored, &change, self.manager().now())
                .await?;
            if is_written && let Some(session) = &session {
                current.session = Some(Some(session.changed(&change)));
                return Ok(outcome);
            }
            current.session = None;
        }
        Err(Error::internal(
            "too many requests change the data of one session at once: keep it in a table",
        ))
    }

    /// What the next session of `user` begins with: what the visitor kept, or the same user's earlier session.
    pub(super) async fn data_for(
        &self,
        current: &mut Current<U>,
        user: &U,
    ) -> Result<Option<String>, Error> {
        let session = self.load_into(current).await?;
        Ok(
            match session.as_ref().and_then(|session| session.stored.as_ref()) {
                Some(stored) if stored.user_id == user.id() => stored.data.clone(),
                Some(_) => None,
                None => self.visitor_data(current).clone(),
            },
        )
    }

    fn visitor_data<'a>(&self, current: &'a mut Current<U>) -> &'a mut Option<String> {
        current.visitor.get_or_insert_with(|| {
            let sealed = self.cookies.visitor()?;
            self.manager().keys.unseal(&self.visitor_purpose(), sealed)
        })
    }

    fn keep_for_visitor(&self, current: &mut Current<U>, data: String) -> Result<(), Error> {
        let seal = |data| self.manager().keys.seal(&self.visitor_purpose(), data);
        let sealed = seal(data.clone());
        let bytes = if self.sessions.is_in_cookie() {
            // A login has to find room for it beside the session.
            seal(json!([data, " ".repeat(BESIDE)]).to_string()).len()
        } else {
            sealed.len()
        };
        if bytes > MAX_BYTES {
            return Err(Error::too_large(bytes, MAX_BYTES));
        }
        current.visitor = Some(Some(data));
        let cookies = self.cookies.clone();
        self.on_finish(Box::new(move |committed, headers| {
            if committed {
                cookies.set_visitor(headers, &sealed);
            }
        }));
        Ok(())
    }

    fn visitor_purpose(&self) -> String {
        format!("visitor of {}", self.manager().realm())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::{SessionData, Stored};

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Cart(Vec<i32>);

    impl SessionData for Cart {
        const NAME: &'static str = "cart";
    }

    #[test]
    fn what_cannot_be_read_is_the_default() {
        for text in [
            None,
            Some(""),
            Some("1"),
            Some("1 [1]"),
            Some("1 {\"cart\":\"x\"}"),
        ] {
            assert_eq!(
                Stored::read(text).get::<Cart>(),
                Cart::default(),
                "{text:?}"
            );
        }
        let first = Stored::read(None).with(&Cart(vec![1])).unwrap();
        let second = Stored::read(Some(&first)).with(&Cart(vec![1])).unwrap();
        assert_ne!(first, second);
        assert_eq!(Stored::read(Some(&second)).get::<Cart>(), Cart(vec![1]));
    }
}
