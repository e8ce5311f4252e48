//! Value-added tax: charged beside a net amount. Pure integer arithmetic.
//!
//! `tax = net × rate ÷ 10,000`, rounded to the nearest minor unit, half a unit up, once for each ledger entry: so what
//! statements add up is what was charged. Prices are without it. Deliberately absent: which rate is whose (`config.tax`).

/// Basis points of a whole.
const WHOLE: i64 = 10_000;

/// A rate of tax, from nothing to as much again as the net amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxRate(i64);

impl TaxRate {
    /// No tax.
    pub const NONE: Self = Self(0);

    /// A rate in basis points (16 % are 1,600); what lies outside 0 to 10,000 is brought inside.
    pub fn of_basis_points(basis_points: i64) -> Self {
        Self(basis_points.clamp(0, WHOLE))
    }

    /// In basis points, 0 to 10,000.
    pub const fn basis_points(self) -> i64 {
        self.0
    }

    /// The tax on a net amount that is not negative; nothing on one that is.
    pub fn on_minor(self, net_minor: i64) -> i64 {
        let scaled = i128::from(net_minor.max(0)) * i128::from(self.0);
        let tax = (scaled + i128::from(WHOLE / 2)) / i128::from(WHOLE);
        // At most the net amount itself.
        i64::try_from(tax).unwrap_or(i64::MAX)
    }

    /// A net amount with its tax; the largest number where that does not fit.
    pub fn gross_minor(self, net_minor: i64) -> i64 {
        net_minor.saturating_add(self.on_minor(net_minor))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sixteen_percent_of_235_are_38() {
        let rate = TaxRate::of_basis_points(1_600);
        // 37.6
        assert_eq!((rate.on_minor(235), rate.gross_minor(235)), (38, 273));
        assert_eq!(rate.on_minor(10_000), 1_600);
        assert_eq!((rate.on_minor(0), rate.on_minor(-5)), (0, 0));
        // Half a unit goes up, less goes down.
        let half = TaxRate::of_basis_points(5_000);
        assert_eq!((half.on_minor(1), half.on_minor(2), half.on_minor(3)), (1, 1, 2));
        assert_eq!(TaxRate::of_basis_points(1_600).on_minor(3), 0);
    }

    proptest! {
        #[test]
        fn tax_is_within_half_a_unit_of_the_exact_one(net in 0_i64..9_000_000_000_000_000, basis_points in 0_i64..=10_000) {
            let tax = i128::from(TaxRate::of_basis_points(basis_points).on_minor(net));
            let exact = i128::from(net) * i128::from(basis_points);
            prop_assert!((tax * 10_000 - exact).abs() <= 5_000);
            prop_assert!(tax >= 0 && tax <= i128::from(net));
        }

        #[test]
        fn more_costs_more_with_tax_too(net in 0_i64..9_000_000_000_000, more in 1_i64..1_000, basis_points in 0_i64..=10_000) {
            let rate = TaxRate::of_basis_points(basis_points);
            prop_assert!(rate.gross_minor(net + more) >= rate.gross_minor(net) + more);
        }
    }
}
