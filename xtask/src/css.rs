//! style/app.css and what it imports → one minified sheet.

use crate::{Outcome, paths::Paths};
use lightningcss::{
    bundler::{Bundler, FileProvider},
    stylesheet::{MinifyOptions, ParserOptions, PrinterOptions},
    targets::{Browsers, Targets},
};

/// Versions as lightningcss packs them: major in the third byte, minor in the second.
const fn version(major: u32, minor: u32) -> Option<u32> {
    Some(major << 16 | minor << 8)
}

/// The bundled sheet; with `fonts`, the @font-face of the self-hosted variable font stands at its head.
pub(crate) fn bundle(paths: &Paths, fonts: bool) -> Outcome<String> {
    let targets = Targets::from(Browsers {
        chrome: version(111, 0),
        safari: version(16, 4),
        firefox: version(114, 0),
        ..Browsers::default()
    });
    let entry = paths.root.join("style").join(if fonts { "app.css" } else { "app-system-font.css" });
    let provider = FileProvider::new();
    let mut bundler = Bundler::new(&provider, None, ParserOptions::default());
    let mut sheet = bundler.bundle(&entry).map_err(|failure| failure.to_string())?;
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }).map_err(|failure| failure.to_string())?;
    let printed = sheet
        .to_css(PrinterOptions { minify: true, targets, ..PrinterOptions::default() })
        .map_err(|failure| failure.to_string())?;
    Ok(printed.code)
}
