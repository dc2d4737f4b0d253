//! Infinitely many servers under arrivals whose rate varies: the number is Poisson with a mean that follows the rate
//! (Eick, Massey & Whitt 1993).

use super::integrate;
use core::f64::consts::TAU;

/// A rate that is a sine wave.
#[derive(Clone, Copy, Debug)]
pub struct Sine {
    /// The mean rate per second.
    pub mean: f64,
    /// The amplitude as a share of the mean.
    pub amplitude: f64,
    /// The length of a wave in seconds.
    pub period: f64,
}

impl Sine {
    /// The mean number at `time` with exponential services at rate `service`, once the start is forgotten.
    pub fn number_exponential(&self, service: f64, time: f64) -> f64 {
        let turn = TAU / self.period;
        let slow = turn / service;
        let wave = (libm::sin(turn * time) - slow * libm::cos(turn * time)) / (1.0 + slow * slow);
        self.mean / service * (1.0 + self.amplitude * wave)
    }

    /// The mean number at `time` with services of a fixed `length`: what came within it.
    pub fn number_fixed(&self, length: f64, time: f64) -> f64 {
        let turn = TAU / self.period;
        let came = libm::cos(turn * (time - length)) - libm::cos(turn * time);
        self.mean * (length + self.amplitude * came / turn)
    }
}

/// The time average of the number between two times.
pub fn average(number: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    integrate(number, from, to, 1_000) / (to - from)
}

/// The mean number at `time`, from empty at zero, under a rate of steps (start, rate per second), with exponential
/// services at rate `service`: the exact solution of m′ = λ(t) − μm.
pub fn number_under_steps(steps: &[(f64, f64)], service: f64, time: f64) -> f64 {
    let mut number = 0.0;
    for (place, (start, rate)) in steps.iter().enumerate() {
        if *start >= time {
            break;
        }
        let end = steps.get(place + 1).map_or(time, |next| next.0.min(time));
        let fade = libm::exp(-service * (end - start));
        number = number * fade + rate / service * (1.0 - fade);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_close;
    use super::*;

    const WAVE: Sine = Sine { mean: 50.0, amplitude: 0.8, period: 20.0 };

    /// m(t) = ∫ λ(t − u) P(S > u) du, integrated as it stands.
    #[test]
    fn numbers_are_the_integral_of_what_came_and_stayed() {
        let rate = |t: f64| 50.0 * (1.0 + 0.8 * libm::sin(TAU * t / 20.0));
        for time in [3.0, 11.0, 17.5] {
            let stayed = integrate(|u| rate(time - u) * libm::exp(-0.5 * u), 0.0, 80.0, 20_000);
            check_close(WAVE.number_exponential(0.5, time), stayed, 1e-9);
            check_close(WAVE.number_fixed(3.0, time), integrate(|u| rate(time - u), 0.0, 3.0, 500), 1e-10);
        }
    }

    #[test]
    fn a_whole_wave_averages_to_littles_law() {
        check_close(average(|t| WAVE.number_exponential(0.5, t), 0.0, 20.0), 100.0, 1e-10);
    }

    #[test]
    fn steps_follow_their_rates() {
        let steps = [(0.0, 10.0), (5.0, 40.0)];
        check_close(number_under_steps(&steps, 1.0, 4.0), 10.0 * (1.0 - libm::exp(-4.0)), 1e-13);
        // Euler's method with small steps.
        let (mut number, step) = (0.0, 1e-4);
        for tick in 0..70_000_u32 {
            let rate = if f64::from(tick) * step < 5.0 { 10.0 } else { 40.0 };
            number += step * (rate - number);
        }
        check_close(number_under_steps(&steps, 1.0, 7.0), number, 1e-3);
    }
}
