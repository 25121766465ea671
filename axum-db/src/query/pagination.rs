//! A page of rows.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Page;

/// A page of rows, with what a template needs to link to the others.
///
/// Serialised it has the fields `items`, `page`, `per_page`, `total`, `pages`, `first`, `last`, `has_prev`, `prev_num`,
/// `has_next`, `next_num` and `iter_pages`, a list in which `null` is a gap.
///
/// ```
/// use axum_db::query::{Page, Pagination};
///
/// let page = Pagination::new(vec!["k", "l", "m", "n", "o"], Page::new(3).with_per_page(5), 100);
/// assert_eq!(page.pages(), 20);
/// assert_eq!((page.prev_num(), page.next_num()), (Some(2), Some(4)));
/// let links: Vec<_> = page.iter_pages().map(|n| n.map_or("…".into(), |n| n.to_string())).collect();
/// assert_eq!(links.join(" "), "1 2 3 4 5 6 7 … 19 20");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pagination<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// The number of this page, from 1.
    pub page: u64,
    /// How many rows a page has, at most.
    pub per_page: u32,
    /// How many rows all pages have together.
    pub total: u64,
}

impl<T> Pagination<T> {
    /// The page `page` with these rows, of `total` altogether.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let page = Pagination::new(vec!["a", "b"], Page::new(1).with_per_page(2), 3);
    /// assert_eq!((page.page, page.per_page, page.total), (1, 2, 3));
    /// ```
    #[must_use]
    pub fn new(items: Vec<T>, page: Page, total: u64) -> Self {
        Self {
            items,
            page: page.number(),
            per_page: page.per_page(),
            total,
        }
    }

    /// How many pages there are; 0 when there are no rows.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// assert_eq!(Pagination::new(vec!["a", "b"], Page::new(1).with_per_page(2), 3).pages(), 2);
    /// assert_eq!(Pagination::<&str>::new(vec![], Page::new(1), 0).pages(), 0);
    /// ```
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(self.per_page.max(1)))
    }

    /// The number of the first row of this page, from 1, among all rows; 0 where the page has none.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let page = Pagination::new(vec!["p", "q"], Page::new(4).with_per_page(5), 17);
    /// let rows = format!("{} to {} of {}", page.first(), page.last(), page.total);
    /// assert_eq!(rows, "16 to 17 of 17");
    /// ```
    #[must_use]
    pub fn first(&self) -> u64 {
        first(self.page, self.per_page, self.items.len())
    }

    /// The number of the last row of this page, from 1, among all rows; 0 where the page has none.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let page = Pagination::new(vec!["p", "q"], Page::new(4).with_per_page(5), 17);
    /// assert_eq!(page.last(), 17);
    /// ```
    #[must_use]
    pub fn last(&self) -> u64 {
        last(self.first(), self.items.len())
    }

    /// Whether there is a page before this one.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let last = Pagination::new(vec!["c"], Page::new(2).with_per_page(2), 3);
    /// assert!(last.has_prev());
    /// ```
    #[must_use]
    pub fn has_prev(&self) -> bool {
        self.page > 1
    }

    /// The number of the page before this one.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let last = Pagination::new(vec!["c"], Page::new(2).with_per_page(2), 3);
    /// assert_eq!(last.prev_num(), Some(1));
    /// ```
    #[must_use]
    pub fn prev_num(&self) -> Option<u64> {
        self.has_prev().then(|| self.page - 1)
    }

    /// Whether there is a page after this one.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let last = Pagination::new(vec!["c"], Page::new(2).with_per_page(2), 3);
    /// assert!(!last.has_next());
    /// ```
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.page < self.pages()
    }

    /// The number of the page after this one.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let last = Pagination::new(vec!["c"], Page::new(2).with_per_page(2), 3);
    /// assert_eq!(last.next_num(), None);
    /// ```
    #[must_use]
    pub fn next_num(&self) -> Option<u64> {
        self.has_next().then(|| self.page + 1)
    }

    /// The page after this one, of the same size, for another [`paginate`](super::Fetch::paginate).
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let page = Pagination::new(vec![0; 5], Page::new(1).with_per_page(5), 8);
    /// assert_eq!(page.next(), Some(Page::new(2).with_per_page(5)));
    /// assert_eq!(page.prev(), None);
    /// ```
    #[must_use]
    pub fn next(&self) -> Option<Page> {
        let number = self.next_num()?;
        Some(Page::new(number).with_per_page(self.per_page))
    }

    /// The page before this one, of the same size.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let last = Pagination::new(vec!["c"], Page::new(2).with_per_page(2), 3);
    /// assert_eq!(last.prev(), Some(Page::new(1).with_per_page(2)));
    /// ```
    #[must_use]
    pub fn prev(&self) -> Option<Page> {
        let number = self.prev_num()?;
        Some(Page::new(number).with_per_page(self.per_page))
    }

    /// The numbers to link to, `None` for a gap: the first two and last two pages, two before this one and
    /// four after it.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let page = Pagination::new(vec![0; 20], Page::new(1), 200);
    /// let links: Vec<_> = page.iter_pages().map(|n| n.map_or("…".into(), |n| n.to_string())).collect();
    /// assert_eq!(links.join(" "), "1 2 3 4 5 … 9 10");
    /// ```
    pub fn iter_pages(&self) -> impl Iterator<Item = Option<u64>> + use<T> {
        self.iter_pages_with(2, 2, 4, 2)
    }

    /// The numbers to link to, with edges of your own: how many at the beginning, before this page, after
    /// it, and at the end.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let page = Pagination::new(vec![0; 20], Page::new(10), 400);
    /// let links: Vec<_> = page.iter_pages_with(1, 1, 1, 1).collect();
    /// assert_eq!(links, [Some(1), None, Some(9), Some(10), Some(11), None, Some(20)]);
    /// ```
    pub fn iter_pages_with(
        &self,
        left_edge: u64,
        left_current: u64,
        right_current: u64,
        right_edge: u64,
    ) -> impl Iterator<Item = Option<u64>> + use<T> {
        let end = self.pages().saturating_add(1);
        let left = left_edge.saturating_add(1).min(end);
        let from = self.page.saturating_sub(left_current).max(left);
        let to = self.page.saturating_add(right_current);
        let to = to.saturating_add(1).min(end).max(left);
        let right = end.saturating_sub(right_edge).max(to);
        let gap = |is_one: bool| is_one.then_some(None).into_iter();
        (1..left)
            .map(Some)
            .chain(gap(left < end && from > left))
            .chain((from..to).map(Some))
            .chain(gap(right > to))
            .chain((right..end).map(Some))
    }

    /// The same page with other rows, made from these.
    ///
    /// ```
    /// # use axum_db::query::{Page, Pagination};
    /// let page = Pagination::new(vec![1, 2], Page::new(1), 2).map(|number| number * 10);
    /// assert_eq!((page.items, page.total), (vec![10, 20], 2));
    /// ```
    #[must_use]
    pub fn map<R>(self, row: impl FnMut(T) -> R) -> Pagination<R> {
        self.replace(|items| items.into_iter().map(row).collect())
    }

    pub(super) fn replace<R>(self, rows: impl FnOnce(Vec<T>) -> Vec<R>) -> Pagination<R> {
        Pagination {
            items: rows(self.items),
            page: self.page,
            per_page: self.per_page,
            total: self.total,
        }
    }
}

/// A page of rows whose number is not known; made by [`Fetch::paginate_uncounted`](super::Fetch::paginate_uncounted).
///
/// Serialised it has the fields `items`, `page`, `per_page`, `first`, `last`, `has_prev`, `prev_num`, `has_next` and
/// `next_num`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = three_users().await?;
/// # let db = database.session();
/// let page = Page::new(2).with_per_page(1);
/// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
/// assert_eq!((page.items[0].name.as_str(), page.page, page.has_next), ("bob", 2, true));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UncountedPage<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// The number of this page, from 1.
    pub page: u64,
    /// How many rows a page has, at most.
    pub per_page: u32,
    /// Whether there is a page after this one.
    pub has_next: bool,
}

impl<T> UncountedPage<T> {
    /// The page `page` of these rows, which may be one more than it has.
    pub(super) fn new(mut items: Vec<T>, page: Page) -> Self {
        let most = usize::try_from(page.per_page()).unwrap_or(usize::MAX);
        let has_next = items.len() > most;
        items.truncate(most);
        Self {
            items,
            page: page.number(),
            per_page: page.per_page(),
            has_next,
        }
    }

    /// The number of the first row of this page, from 1, among all rows; 0 where the page has none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!(page.first(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn first(&self) -> u64 {
        first(self.page, self.per_page, self.items.len())
    }

    /// The number of the last row of this page, from 1, among all rows; 0 where the page has none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!(page.last(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn last(&self) -> u64 {
        last(self.first(), self.items.len())
    }

    /// Whether there is a page before this one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert!(page.has_prev());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn has_prev(&self) -> bool {
        self.page > 1
    }

    /// The number of the page before this one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!(page.prev_num(), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn prev_num(&self) -> Option<u64> {
        self.has_prev().then(|| self.page - 1)
    }

    /// The number of the page after this one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!(page.next_num(), Some(3));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn next_num(&self) -> Option<u64> {
        self.has_next.then(|| self.page + 1)
    }

    /// The page after this one, of the same size, for another
    /// [`paginate_uncounted`](super::Fetch::paginate_uncounted).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!(page.next(), Some(Page::new(3).with_per_page(1)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn next(&self) -> Option<Page> {
        let number = self.next_num()?;
        Some(Page::new(number).with_per_page(self.per_page))
    }

    /// The page before this one, of the same size.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!(page.prev(), Some(Page::new(1).with_per_page(1)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn prev(&self) -> Option<Page> {
        let number = self.prev_num()?;
        Some(Page::new(number).with_per_page(self.per_page))
    }

    /// The same page with other rows, made from these.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = three_users().await?;
    /// # let db = database.session();
    /// let page = Page::new(2).with_per_page(1);
    /// let page = User::query().order(users::id.asc()).paginate_uncounted(page, &db).await?;
    /// assert_eq!(page.map(|user| user.name).items, ["bob"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn map<R>(self, row: impl FnMut(T) -> R) -> UncountedPage<R> {
        self.replace(|items| items.into_iter().map(row).collect())
    }

    pub(super) fn replace<R>(self, rows: impl FnOnce(Vec<T>) -> Vec<R>) -> UncountedPage<R> {
        UncountedPage {
            items: rows(self.items),
            page: self.page,
            per_page: self.per_page,
            has_next: self.has_next,
        }
    }
}

/// The number of the first of a page's rows among all, which may be more than can be counted.
fn first(page: u64, per_page: u32, rows: usize) -> u64 {
    if rows == 0 {
        return 0;
    }
    let before = page.saturating_sub(1).saturating_mul(u64::from(per_page));
    before.saturating_add(1)
}

fn last(first: u64, rows: usize) -> u64 {
    first.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX).saturating_sub(1))
}

impl<T: Serialize> Serialize for UncountedPage<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_struct("UncountedPage", 9)?;
        page.serialize_field("items", &self.items)?;
        page.serialize_field("page", &self.page)?;
        page.serialize_field("per_page", &self.per_page)?;
        page.serialize_field("first", &self.first())?;
        page.serialize_field("last", &self.last())?;
        page.serialize_field("has_prev", &self.has_prev())?;
        page.serialize_field("prev_num", &self.prev_num())?;
        page.serialize_field("has_next", &self.has_next)?;
        page.serialize_field("next_num", &self.next_num())?;
        page.end()
    }
}

impl<T: Serialize> Serialize for Pagination<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_struct("Pagination", 12)?;
        page.serialize_field("items", &self.items)?;
        page.serialize_field("page", &self.page)?;
        page.serialize_field("per_page", &self.per_page)?;
        page.serialize_field("total", &self.total)?;
        page.serialize_field("pages", &self.pages())?;
        page.serialize_field("first", &self.first())?;
        page.serialize_field("last", &self.last())?;
        page.serialize_field("has_prev", &self.has_prev())?;
        page.serialize_field("prev_num", &self.prev_num())?;
        page.serialize_field("has_next", &self.has_next())?;
        page.serialize_field("next_num", &self.next_num())?;
        page.serialize_field("iter_pages", &self.iter_pages().collect::<Vec<_>>())?;
        page.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(page: u64, total: u64) -> String {
        let page = Pagination::new(Vec::<()>::new(), Page::new(page).with_per_page(10), total);
        let links = page
            .iter_pages()
            .map(|n| n.map_or("…".to_owned(), |n| n.to_string()));
        links.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn links_are_those_of_flask_sqlalchemy() {
        assert_eq!(links(1, 0), "");
        assert_eq!(links(1, 5), "1");
        assert_eq!(links(1, 200), "1 2 3 4 5 … 19 20");
        assert_eq!(links(3, 200), "1 2 3 4 5 6 7 … 19 20");
        assert_eq!(links(10, 200), "1 2 … 8 9 10 11 12 13 14 … 19 20");
        assert_eq!(links(20, 200), "1 2 … 18 19 20");
        assert_eq!(links(15, 200), "1 2 … 13 14 15 16 17 18 19 20");
    }

    #[test]
    fn edges_of_ones_own_are_those_of_flask_sqlalchemy() {
        let links = |page: u64, edges: [u64; 4]| {
            let page = Pagination::new(Vec::<()>::new(), Page::new(page).with_per_page(10), 100);
            let links = page.iter_pages_with(edges[0], edges[1], edges[2], edges[3]);
            let links = links.map(|n| n.map_or("…".to_owned(), |n| n.to_string()));
            links.collect::<Vec<_>>().join(" ")
        };
        for (page, edges, expected) in [
            (5, [0, 0, 0, 0], "… 5 …"),
            (5, [1, 1, 1, 0], "1 … 4 5 6 …"),
            (5, [0, 1, 2, 1], "… 4 5 6 7 … 10"),
            (10, [0, 0, 0, 0], "… 10"),
            (1, [20, 2, 4, 2], "1 2 3 4 5 6 7 8 9 10"),
            (1, [0, 0, 0, 20], "1 2 3 4 5 6 7 8 9 10"),
            (20, [2, 2, 4, 2], "1 2 …"),
        ] {
            assert_eq!(links(page, edges), expected, "{page} {edges:?}");
        }
    }

    #[test]
    fn rows_are_numbered_as_flask_sqlalchemy_numbers_them() {
        let rows = |page: u64, rows: usize| {
            let page = Page::new(page).with_per_page(10);
            let counted = Pagination::new(vec![(); rows], page, 100);
            let uncounted = UncountedPage::new(vec![(); rows], page);
            let numbers = (counted.first(), counted.last());
            assert_eq!((uncounted.first(), uncounted.last()), numbers);
            numbers
        };
        assert_eq!(rows(1, 0), (0, 0));
        assert_eq!(rows(1, 1), (1, 1));
        assert_eq!(rows(1, 10), (1, 10));
        assert_eq!(rows(4, 7), (31, 37));
        assert_eq!(rows(u64::MAX, 2), (u64::MAX, u64::MAX));
    }

    #[test]
    fn no_number_overflows() {
        let page = Pagination::new(Vec::<()>::new(), Page::new(u64::MAX), u64::MAX);
        assert!(page.pages() > 0 && !page.has_next());
        assert!(page.iter_pages_with(1, 1, u64::MAX, 1).take(20).count() > 0);
        assert_eq!(Page::new(u64::MAX).sql_offset(), None);
        assert_eq!(Page::new(1).sql_offset(), Some(0));
        assert_eq!(Page::new(0).number(), 1);
    }
}
