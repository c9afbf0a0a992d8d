//! Lines over time as SVG.

use std::fmt::Write;

/// One line: its name, and its points from left to right.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers of the axes.
const LEFT: f64 = 70.0;
const BELOW: f64 = 24.0;

/// Colours that people who do not see all colours can tell apart (Okabe and Ito 2008).
const COLOURS: [&str; 10] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999933",
    "#882255", "#888888",
];

/// How the vertical axis counts.
#[derive(Clone, Copy)]
pub(super) enum Scale {
    /// From zero.
    Linear,
    /// From one, each step ten times the last: for values of all sizes.
    Logarithmic,
}

impl Scale {
    /// Where on the axis a value is, if `top` is at 1.
    fn place(self, value: f64, top: f64) -> f64 {
        match self {
            Self::Linear => value / top,
            Self::Logarithmic => value.max(1.0).log10() / top.log10(),
        }
    }

    /// The end of the axis: a number that reads well, at or above the largest value.
    fn top(self, largest: f64) -> f64 {
        let decade = 10_f64.powf(largest.max(10.0).log10().floor());
        match self {
            Self::Linear => (largest / decade * 2.0).ceil() / 2.0 * decade,
            Self::Logarithmic => 10_f64.powf(largest.max(10.0).log10().ceil()),
        }
    }

    /// Where its lines are.
    fn grid(self, top: f64) -> Vec<f64> {
        match self {
            Self::Linear => vec![0.0, top / 2.0, top],
            Self::Logarithmic => std::iter::successors(Some(1.0), |value| Some(value * 10.0))
                .take_while(|value| *value < top * 1.1)
                .collect(),
        }
    }
}

/// A plot with its legend.
pub(super) fn plot(title: &str, unit: &str, scale: Scale, lines: &[Line<'_>]) -> String {
    let all = || lines.iter().flat_map(|line| line.points.iter());
    let right = all().map(|point| point.0).fold(1.0, f64::max);
    let top = scale.top(all().map(|point| point.1).fold(1.0, f64::max));
    let x = |at: f64| LEFT + at / right * (WIDTH - LEFT - 10.0);
    let y = |value: f64| 10.0 + (1.0 - scale.place(value, top)) * (HEIGHT - 10.0 - BELOW);
    let mut svg = format!(
        "<figure><figcaption>{title}</figcaption><svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{title}'>"
    );
    for value in scale.grid(top) {
        let _ = write!(
            svg,
            "<line x1='{LEFT}' x2='{WIDTH}' y1='{0:.1}' y2='{0:.1}' class='grid'/>\
             <text x='{1}' y='{2:.1}' text-anchor='end'>{value:.0}</text>",
            y(value),
            LEFT - 6.0,
            y(value) + 4.0,
        );
    }
    for at in [0.0, right / 2.0, right] {
        let _ = write!(
            svg,
            "<text x='{:.1}' y='{}' text-anchor='middle'>{}</text>",
            x(at).min(WIDTH - 22.0),
            HEIGHT - 6.0,
            crate::status::span(at),
        );
    }
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1)))
            .collect();
        let _ = write!(
            svg,
            "<polyline points='{}' fill='none' stroke='{colour}' stroke-width='1.6'><title>{}</title></polyline>",
            points.join(" "),
            line.name,
        );
    }
    svg.push_str("</svg><p class='legend'>");
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let last = line.points.last().map_or(0.0, |point| point.1);
        let _ = write!(
            svg,
            "<span><i style='background:{colour}'></i>{} {last:.0} {unit}</span>",
            line.name
        );
    }
    svg.push_str("</p></figure>");
    svg
}
