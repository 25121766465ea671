//! A connection out of the pool, which goes back clean or not at all.

use deadpool::managed::Object;

use super::{Manager, Pooled};
use crate::backend::Backend;
use crate::inside::Hold;

/// A connection out of the pool.
///
/// Dropping it closes the connection: only [`Checkout::put_back`] and [`Checkout::clean_up`] return it.
pub(crate) struct Checkout<B: Backend>(Option<Object<Manager<B>>>, Hold);

impl<B: Backend> Checkout<B> {
    pub(crate) fn new(object: Object<Manager<B>>, hold: Hold) -> Self {
        Self(Some(object), hold)
    }

    /// The connection.
    pub(crate) fn get(&mut self) -> Option<&mut Pooled<B>> {
        self.0.as_deref_mut().map(Box::as_mut)
    }

    /// Returns a connection of which the caller knows that no transaction is open.
    pub(crate) fn put_back(mut self) {
        self.1.let_go();
        drop(self.0.take_if(|object| object.is_clean()));
    }

    /// Ends whatever the connection is doing and returns it, or closes it where it cannot be mended.
    ///
    /// # Cancellation
    /// Dropped halfway, it closes the connection.
    pub(crate) async fn clean_up(mut self) {
        self.1.let_go();
        let Some(pooled) = self.get() else { return };
        let clean = !pooled.watch.altered()
            && B::restore(&mut pooled.connection, &pooled.canceller, &pooled.watch).await;
        if clean {
            pooled.watch.reset();
            self.put_back();
        } else {
            self.close().await;
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
            drop(connection);
        }
    }
}

impl<B: Backend> Drop for Checkout<B> {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
