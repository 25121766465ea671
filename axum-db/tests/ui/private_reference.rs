pub mod users {
    use axum_db::prelude::*;

    #[model]
    struct User {
        #[model(primary_key)]
        id: i32,
        name: String,
    }

    #[model]
    pub struct Post {
        #[model(primary_key)]
        pub id: i32,
        #[model(references = User, relation = author)]
        pub user_id: i32,
    }
}

fn main() {}
