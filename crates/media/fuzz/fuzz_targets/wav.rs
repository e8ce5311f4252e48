//! Any file is read or refused; what is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::wav;

fuzz_target!(|data: &[u8]| {
    let Ok(file) = wav::parse(data) else { return };
    let again = wav::parse(&wav::write(file.rate_hz, 1, &file.samples)).expect("our own file is valid");
    assert_eq!(again, file);
});
