use super::*;

#[axum_db::test(setup = upgrade, app = app)]
async fn the_account_is_for_its_owner(Ada(user, ada): Ada) {
    ada.get("/account")
        .await
        .assert_status(200)
        .assert_shows(&user.email);
    ada.another()
        .get("/account")
        .await
        .assert_redirect("/login?next=%2Faccount");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn whoever_is_logged_in_needs_no_login_form(Ada(_, ada): Ada) {
    ada.get("/login").await.assert_redirect("/");
    ada.get("/register").await.assert_redirect("/");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_logout_ends_the_session(Ada(_, ada): Ada) {
    ada.post("/logout").await.assert_redirect("/");
    ada.get("/account")
        .follow()
        .await
        .assert_shows("Please log in to access this page.");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn the_account_is_updated(Ada(_, ada): Ada) {
    let form = [("username", "lovelace"), ("email", "Lovelace@Example.com")];
    ada.post("/account")
        .form(&form)
        .await
        .assert_redirect("/account");
    ada.get("/account")
        .await
        .assert_shows("Your account has been updated!")
        .assert_shows("lovelace@example.com");
    ada.get("/user/ada").await.assert_status(404);
    ada.get("/user/lovelace").await.assert_status(200);
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_taken_name_is_said_beside_its_field(Ada(user, ada): Ada, Grace(other, _): Grace) {
    let form = [("username", other.username), ("email", user.email)];
    ada.post("/account")
        .form(&form)
        .await
        .assert_status(422)
        .assert_shows("That username is taken.")
        .assert_shows("value=\"grace\"")
        .assert_shows("<h1>ada</h1>");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_name_with_mistakes_is_refused(Ada(_, ada): Ada) {
    let form = [("username", "a/b"), ("email", "nobody")];
    ada.post("/account")
        .form(&form)
        .await
        .assert_status(422)
        .assert_shows("username-error")
        .assert_shows("email-error");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn other_sites_cannot_act_for_a_user(Ada(_, ada): Ada) {
    let logout = ada.post("/logout").header("origin", "https://evil.example");
    logout
        .header("sec-fetch-site", "cross-site")
        .await
        .assert_status(403);
    let form = [("title", "a"), ("content", "b")];
    let post = ada
        .post("/post/new")
        .form(&form)
        .header("origin", "https://evil.example");
    post.await.assert_status(403);
    ada.get("/account").await.assert_status(200);
}
