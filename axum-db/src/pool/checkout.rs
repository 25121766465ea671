//! A connection out of the pool, which goes back clean or not at all.

use deadpool::managed::Object;
use diesel_async::AsyncConnection;

use super::{Manager, Pooled};
use crate::backend::Backend;
use crate::inside::Hold;

/// A connection out of the pool.
///
/// Dropping it closes the connection, unless a database would go with it: only [`Checkout::put_back`] and
/// [`Checkout::clean_up`] return it.
pub(crate) struct Checkout<B: Backend>(Option<Object<Manager<B>>>, Option<Hold>);

impl<B: Backend> Checkout<B> {
    pub(crate) fn new(object: Object<Manager<B>>, hold: Hold) -> Self {
        Self(Some(object), Some(hold))
    }

    /// The connection.
    pub(crate) fn get(&mut self) -> Option<&mut Pooled<B>> {
        self.0.as_deref_mut().map(Box::as_mut)
    }

    fn let_go(&self) {
        if let Some(hold) = &self.1 {
            hold.let_go();
        }
    }

    /// Returns a connection of which the caller knows that no transaction is open.
    pub(crate) fn put_back(mut self) {
        self.let_go();
        drop(self.0.take_if(|object| object.is_clean()));
    }

    /// Ends whatever the connection is doing and returns it, or closes it where it cannot be mended.
    ///
    /// # Cancellation
    /// Dropped halfway, it closes the connection.
    pub(crate) async fn clean_up(mut self) {
        self.let_go();
        let Some(pooled) = self.get() else { return };
        let restored = !pooled.watch.altered()
            && B::restore(&mut pooled.connection, &pooled.canceller, &pooled.watch).await;
        if restored {
            pooled.watch.reset();
            if pooled.watch.is_permanent() && !pooled.is_clean() {
                // A user replaced the observer of a connection that cannot be closed for it.
                let observer = pooled.watch.observer::<B>();
                pooled.connection.set_instrumentation(observer);
            }
        }
        if restored && pooled.is_clean() {
            self.put_back();
        } else {
            self.close().await;
        }
    }

    /// Closes the connection as it is.
    fn forget(mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }

    /// Closes the connection, ending what it may still be doing on the server.
    pub(crate) async fn close(mut self) {
        if let Some(object) = self.0.take() {
            let Pooled {
                connection,
                canceller,
                watch,
                ..
            } = *Object::take(object);
            B::abandon(canceller, &watch).await;
            watch.trail().settle();
            B::close(connection, &watch);
        }
    }
}

impl<B: Backend> Drop for Checkout<B> {
    fn drop(&mut self) {
        let Some(object) = self.0.take() else { return };
        if object.watch.is_permanent() && !std::thread::panicking() {
            // The database would be gone with the connection, and there may be no runtime left that could mend it.
            let dropped = Self(Some(object), self.1.take());
            let mending = std::thread::Builder::new().name("axum-db-clean-up".into());
            let _ = mending.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(dropped.clean_up()),
                    Err(_) => dropped.forget(),
                }
            });
        } else {
            let Pooled {
                connection, watch, ..
            } = *Object::take(object);
            B::close(connection, &watch);
        }
    }
}
