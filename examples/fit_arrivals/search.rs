//! The simplex search of Nelder & Mead 1965, from many starts, without chance.

/// The point with the least `cost` that the search finds between `low` and `high`, and its cost.
pub(crate) fn least(cost: impl Fn(&[f64]) -> f64, low: &[f64], high: &[f64], starts: u32) -> (Vec<f64>, f64) {
    let mut rough: Vec<_> =
        (1..=starts).map(|start| simplex(&cost, &spread(start, low, high), 300)).collect();
    rough.sort_by(|a, b| a.1.total_cmp(&b.1));
    rough.truncate(8);
    let fine = rough.into_iter().map(|(point, _)| {
        let (point, _) = simplex(&cost, &point, 3_000);
        simplex(&cost, &point, 3_000)
    });
    fine.min_by(|a, b| a.1.total_cmp(&b.1)).expect("there is a start")
}

/// The points of a lattice of irrational steps, which leave no corner empty.
fn spread(start: u32, low: &[f64], high: &[f64]) -> Vec<f64> {
    const PRIMES: [f64; 8] = [2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0];
    let share = |prime: f64| {
        let turns = f64::from(start) * libm::sqrt(prime);
        turns - libm::floor(turns)
    };
    PRIMES
        .iter()
        .zip(low.iter().zip(high))
        .map(|(prime, (low, high))| low + share(*prime) * (high - low))
        .collect()
}

fn simplex(cost: &impl Fn(&[f64]) -> f64, start: &[f64], steps: u32) -> (Vec<f64>, f64) {
    let size = start.len();
    let with_cost = |point: Vec<f64>| {
        let value = cost(&point);
        (point, value)
    };
    let mut corners = vec![with_cost(start.to_vec())];
    for at in 0..size {
        let mut corner = start.to_vec();
        corner[at] += 0.4;
        corners.push(with_cost(corner));
    }
    for _ in 0..steps {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let middle: Vec<f64> = (0..size)
            .map(|at| corners[..size].iter().map(|corner| corner.0[at]).sum::<f64>() / size as f64)
            .collect();
        let worst = corners[size].clone();
        let beyond = |by: f64| -> Vec<f64> {
            (0..size).map(|at| middle[at] + by * (middle[at] - worst.0[at])).collect()
        };
        let mirrored = with_cost(beyond(1.0));
        if mirrored.1 < corners[0].1 {
            let further = with_cost(beyond(2.0));
            corners[size] = if further.1 < mirrored.1 { further } else { mirrored };
        } else if mirrored.1 < corners[size - 1].1 {
            corners[size] = mirrored;
        } else {
            let nearer = with_cost(beyond(if mirrored.1 < worst.1 { 0.5 } else { -0.5 }));
            if nearer.1 < worst.1.min(mirrored.1) {
                corners[size] = nearer;
            } else {
                let best = corners[0].0.clone();
                for corner in &mut corners[1..] {
                    let closer =
                        corner.0.iter().zip(&best).map(|(own, best)| f64::midpoint(*own, *best)).collect();
                    *corner = with_cost(closer);
                }
            }
        }
    }
    corners.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).expect("a simplex has corners")
}
