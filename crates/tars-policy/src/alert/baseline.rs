//! What is usual: a mean over a window of time.

use alloc::collections::VecDeque;

use crate::units::{Span, Time};

/// A mean over the last `window`, in which each value stands for the time since the look before it.
#[derive(Clone, Debug)]
pub(super) struct Baseline {
    window: Span,
    least: Span,
    /// When each value was seen, for how long it stands, and the value; oldest first.
    looks: VecDeque<(Time, Span, f64)>,
    before: Option<Time>,
}

impl Baseline {
    pub(super) fn new(window: Span, least: Span) -> Self {
        Self { window, least, looks: VecDeque::new(), before: None }
    }

    /// The mean, once enough has been seen.
    pub(super) fn mean(&self) -> Option<f64> {
        let (mut seconds, mut sum, mut seen) = (0.0, 0.0, Span::ZERO);
        for &(_, lasted, value) in &self.looks {
            sum += value * lasted.as_secs_f64();
            seconds += lasted.as_secs_f64();
            seen += lasted;
        }
        (seconds > 0.0 && seen >= self.least).then(|| sum / seconds)
    }

    /// Time has passed; `usual` values are taken in, others only take the time.
    pub(super) fn look(&mut self, now: Time, value: f64, usual: bool) {
        let before = self.before.replace(now);
        let Some(before) = before.filter(|_| usual) else { return };
        let lasted = now.saturating_since(before);
        if !lasted.is_zero() {
            self.looks.push_back((now, lasted, value));
        }
        // What is left of the window is what the newest usual looks fill: unusual time does not age the usual.
        let mut seen =
            self.looks.iter().fold(Span::ZERO, |seen, &(_, lasted, _)| seen.saturating_add(lasted));
        while let Some(&(_, lasted, _)) = self.looks.front()
            && seen.saturating_sub(lasted) >= self.window
        {
            seen = seen.saturating_sub(lasted);
            self.looks.pop_front();
        }
    }
}
