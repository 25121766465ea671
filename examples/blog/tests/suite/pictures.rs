use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use crate::blog::{Blog, Page, Visitor};

const ACCOUNT: [(&str, &str); 2] = [("username", "ada"), ("email", "ada@example.com")];

#[test]
fn a_picture_is_cropped_stored_and_shown() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    assert_eq!(picture_of(&ada), "/pictures/default.jpg");
    assert_eq!(
        ada.get("/pictures/default.jpg").header("content-type"),
        "image/jpeg"
    );

    assert_eq!(
        upload(&ada, "me.jpg", &encoded(800, 600, ImageFormat::Jpeg)).redirect(),
        "/account"
    );
    let first = picture_of(&ada);
    assert!(first.ends_with(".jpg"), "{first}");
    let shown = blog.visitor().get(&first);
    assert_eq!(
        (shown.status, shown.header("content-type")),
        (200, "image/jpeg")
    );
    let image = image::load_from_memory(&shown.bytes).expect("a picture");
    assert_eq!((image.width(), image.height()), (256, 256));

    // The next one takes its place, under another name.
    assert_eq!(
        upload(&ada, "../../me.exe", &encoded(20, 3000, ImageFormat::Png)).redirect(),
        "/account"
    );
    let second = picture_of(&ada);
    assert!(second.ends_with(".png"), "{second}");
    assert_eq!(blog.visitor().get(&first).status, 404);
    assert_eq!(files(&blog), 1);

    // Without a file the picture stays.
    assert_eq!(upload(&ada, "", b"").redirect(), "/account");
    assert_eq!(ada.post("/account", &ACCOUNT).redirect(), "/account");
    assert_eq!(picture_of(&ada), second);
}

#[test]
fn what_is_no_picture_is_refused_beside_the_field() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    let png = encoded(64, 64, ImageFormat::Png);
    for (name, file) in [
        ("page.png", &b"<script>alert(1)</script>"[..]),
        ("moving.gif", gif),
        ("half.png", &png[..png.len() / 2]),
        ("header.png", &png[..20]),
        ("bomb.png", &png_of_size(50_000, 50_000)),
        ("large.png", &png_of_size(9_999, 9_999)),
    ] {
        upload(&ada, name, file)
            .assert_page(422)
            .assert_shows("id=\"picture-error\"")
            .assert_shows("value=\"ada\"");
    }
    upload(&ada, "heavy.png", &vec![0; 5 * 1024 * 1024])
        .assert_page(422)
        .assert_shows("larger than 4 MB");
    upload(&ada, "heavier.png", &vec![0; 8 * 1024 * 1024 + 1000]).assert_page(413);
    assert_eq!(picture_of(&ada), "/pictures/default.jpg");

    // A good picture beside a bad name leaves no file behind.
    blog.member("grace");
    let taken = [("username", "grace"), ("email", "ada@example.com")];
    ada.upload("/account", &taken, ("picture", "me.png", &png))
        .assert_page(422)
        .assert_shows("That username is taken.");
    assert_eq!(files(&blog), 0);
}

#[test]
fn only_pictures_can_be_read_from_the_folder() {
    let blog = Blog::new();
    let secret = blog.site.folder.path().join("blog.key");
    std::fs::write(&secret, "secret").expect("a file");
    for path in [
        "/pictures/../blog.key",
        "/pictures/%2e%2e/blog.key",
        "/pictures/..%2fblog.key",
        "/pictures/",
        "/pictures",
    ] {
        let page = blog.visitor().get(path);
        assert_eq!(page.status, 404, "{path}");
        page.assert_hides("secret");
    }
}

fn upload(visitor: &Visitor, name: &str, file: &[u8]) -> Page {
    visitor.upload("/account", &ACCOUNT, ("picture", name, file))
}

fn picture_of(visitor: &Visitor) -> String {
    let body = visitor.get("/account").body;
    let start = body
        .find("/pictures/")
        .expect("the account shows a picture");
    body[start..]
        .split('"')
        .next()
        .expect("an address")
        .to_owned()
}

fn files(blog: &Blog) -> usize {
    std::fs::read_dir(blog.site.pictures()).map_or(0, Iterator::count)
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = DynamicImage::from(RgbaImage::from_fn(width, height, |x, y| {
        Rgba([x as u8, y as u8, 128, 200])
    }));
    let mut file = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => picture.to_rgb8().write_to(&mut file, format),
        _ => picture.write_to(&mut file, format),
    }
    .expect("a picture can be encoded");
    file.into_inner()
}

/// A small PNG that claims to be large.
fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(1, 1, ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
