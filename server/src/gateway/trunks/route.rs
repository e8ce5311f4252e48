//! Which trunks serve a destination, and in what order. Pure.

/// A trunk's part in routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which trunk.
    pub trunk: usize,
    /// Destinations that it serves, for instance `+254`; `+` serves all.
    pub prefixes: Vec<String>,
    /// Lower is tried first.
    pub priority: i64,
}

/// The trunks for `number`, in the order of trying: priority, then the longest matching prefix, then configuration order.
pub fn routes_for(routes: &[Route], number: &str) -> Vec<usize> {
    let mut serving: Vec<_> = routes
        .iter()
        .filter_map(|route| {
            let longest = route.prefixes.iter().filter(|prefix| number.starts_with(*prefix)).map(String::len).max()?;
            Some((route.priority, std::cmp::Reverse(longest), route.trunk))
        })
        .collect();
    serving.sort_unstable();
    serving.into_iter().map(|(_, _, trunk)| trunk).collect()
}

/// Whether a refusal by one trunk is worth trying the next: the trunk is at fault, not the callee (gateway.md, "Calls").
pub fn fails_over(status: u16, was_ringing: bool) -> bool {
    !was_ringing && matches!(status, 500 | 502..=504)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(trunk: usize, prefixes: &[&str], priority: i64) -> Route {
        Route { trunk, prefixes: prefixes.iter().map(ToString::to_string).collect(), priority }
    }

    #[test]
    fn priority_then_longest_prefix_then_order() {
        let routes =
            [route(0, &["+"], 10), route(1, &["+254"], 10), route(2, &["+254", "+2547"], 10), route(3, &["+"], 5)];
        assert_eq!(routes_for(&routes, "+254722000001"), [3, 2, 1, 0]);
        assert_eq!(routes_for(&routes, "+14155550100"), [3, 0]);
    }

    #[test]
    fn a_destination_nobody_serves_has_no_route() {
        assert_eq!(routes_for(&[route(0, &["+255"], 1)], "+254722000001"), [0_usize; 0]);
    }

    #[test]
    fn only_the_carriers_own_faults_fail_over() {
        assert!(fails_over(503, false));
        assert!(!fails_over(503, true));
        assert!(!fails_over(486, false));
        assert!(!fails_over(603, false));
        assert!(!fails_over(501, false));
    }
}
