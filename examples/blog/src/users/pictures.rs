//! Profile pictures: decoded, cropped to a square, and stored anew, so that nothing but pixels is kept.

use std::io::{self, Cursor};
use std::path::Path;

use axum::body::Bytes;
use image::error::{ImageResult, LimitError, LimitErrorKind};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::models::DEFAULT_PICTURE;

/// The largest file that is accepted, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The largest width and height that are decoded, in pixels.
const MAX_SIDE: u32 = 10_000;
/// The most memory that decoding one picture may take, in bytes.
const MAX_MEMORY: u64 = 128 * 1024 * 1024;
/// The width and height of what is stored, in pixels.
const SIDE: u32 = 256;

/// Pictures that are decoded at the same time: each may need `MAX_MEMORY`.
static DECODING: Semaphore = Semaphore::const_new(2);

#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("The picture is larger than 4 MB.")]
    TooLarge,
    #[error("Only PNG and JPEG pictures can be used.")]
    WrongFormat,
    #[error("The picture is damaged, or has too many pixels.")]
    Undecodable,
}

/// A picture that is ready to be stored.
pub struct Picture {
    pixels: Vec<u8>,
    extension: &'static str,
}

impl Picture {
    /// Stores the picture under a name that nobody can guess, and returns the name.
    pub async fn store(self, folder: &Path) -> io::Result<String> {
        let name = format!("{:032x}.{}", rand::random::<u128>(), self.extension);
        tokio::fs::create_dir_all(folder).await?;
        tokio::fs::write(folder.join(&name), self.pixels).await?;
        Ok(name)
    }
}

/// Makes a picture of an uploaded file, off the runtime.
pub async fn decode(file: Bytes) -> Result<Picture, PictureError> {
    let _turn = DECODING.acquire().await;
    spawn_blocking(move || decode_now(&file))
        .await
        .unwrap_or(Err(PictureError::Undecodable))
}

/// Removes the picture `old` once a user has `new`. One that stays behind does no harm.
pub async fn replaced(folder: &Path, old: &str, new: &str) {
    if old == new || old == DEFAULT_PICTURE {
        return;
    }
    if let Err(error) = tokio::fs::remove_file(folder.join(old)).await {
        tracing::warn!("the profile picture {old} could not be removed: {error}");
    }
}

fn decode_now(file: &[u8]) -> Result<Picture, PictureError> {
    if file.len() > MAX_BYTES {
        return Err(PictureError::TooLarge);
    }
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|_| PictureError::WrongFormat)?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(PictureError::WrongFormat);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    shrink(reader).map_err(|_| PictureError::Undecodable)
}

fn shrink(reader: ImageReader<Cursor<&[u8]>>) -> ImageResult<Picture> {
    let mut decoder = reader.into_decoder()?;
    if decoder.total_bytes() > MAX_MEMORY {
        return Err(ImageError::Limits(LimitError::from_kind(
            LimitErrorKind::InsufficientMemory,
        )));
    }
    // Phones store how they were held beside the pixels.
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let square = picture.resize_to_fill(SIDE, SIDE, FilterType::Triangle);

    let mut pixels = Cursor::new(Vec::new());
    let extension = if square.color().has_alpha() {
        square.to_rgba8().write_to(&mut pixels, ImageFormat::Png)?;
        "png"
    } else {
        square.to_rgb8().write_to(&mut pixels, ImageFormat::Jpeg)?;
        "jpg"
    };
    Ok(Picture {
        pixels: pixels.into_inner(),
        extension,
    })
}
