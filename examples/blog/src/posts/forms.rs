//! The form that a post is written in.

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::forms::{multi_line, readable, single_line};
use crate::models::Post;

#[derive(Default, Deserialize, Serialize, Validate)]
#[serde(default)]
pub struct PostForm {
    #[serde(deserialize_with = "single_line")]
    #[validate(
        length(min = 1, max = 100, message = "A title has 1 to 100 characters."),
        custom(function = "readable")
    )]
    pub title: String,
    #[serde(deserialize_with = "multi_line")]
    #[validate(
        length(min = 1, max = 16_000, message = "A post has 1 to 16,000 characters."),
        custom(function = "readable")
    )]
    pub content: String,
}

impl From<Post> for PostForm {
    fn from(post: Post) -> Self {
        Self {
            title: post.title,
            content: post.content,
        }
    }
}
