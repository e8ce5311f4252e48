//! Amounts of data.

/// In the unit that leaves one to three digits before the point, in steps of a thousand as disks are sold.
pub fn bytes(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut amount = bytes.max(0) as f64;
    let mut unit = 0;
    while amount >= 999.95 && unit + 1 < UNITS.len() {
        amount /= 1_000.0;
        unit += 1;
    }
    let figures = format!("{amount:.1}");
    format!("{} {}", figures.strip_suffix(".0").unwrap_or(&figures), UNITS.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_told_in_its_unit() {
        let told = [0, 999, 1_000, 32_044, 999_960, 61_200_000, 5_000_000_000].map(bytes);
        assert_eq!(told, ["0 B", "999 B", "1 kB", "32 kB", "1 MB", "61.2 MB", "5 GB"]);
    }
}
