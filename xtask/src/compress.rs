//! `.br` and `.gz` siblings, made once at release so that no request ever compresses an asset.

use crate::Outcome;
use std::{fs, io::Write, path::Path};

/// Kinds worth compressing; fonts (woff2) are brotli already.
const TEXTUAL: [&str; 5] = ["js", "css", "wasm", "svg", "json"];
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW_BITS: u32 = 22;
const BUFFER_BYTES: usize = 1 << 16;

/// Writes siblings for every textual file below `folder`.
pub(crate) fn folder(folder: &Path) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            self::folder(&path)?;
        } else if path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| TEXTUAL.contains(&kind)) {
            file(&path)?;
        }
    }
    Ok(())
}

fn file(path: &Path) -> Outcome<()> {
    let data = fs::read(path)?;
    let mut gzip =
        flate2::write::GzEncoder::new(fs::File::create(path.with_added_extension("gz"))?, flate2::Compression::best());
    gzip.write_all(&data)?;
    gzip.finish()?;
    let mut brotli = brotli::CompressorWriter::new(
        fs::File::create(path.with_added_extension("br"))?,
        BUFFER_BYTES,
        BROTLI_QUALITY,
        BROTLI_WINDOW_BITS,
    );
    brotli.write_all(&data)?;
    brotli.flush()?;
    Ok(())
}
