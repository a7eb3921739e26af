//! Curves as SVG.

use plotters::prelude::*;
use std::path::Path;

/// A curve over sizes that grow by factors.
#[derive(Debug)]
pub(crate) struct Curve<'a> {
    pub(crate) title: &'a str,
    /// What is along the bottom, and up the side.
    pub(crate) axes: [&'a str; 2],
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws a curve, if there is anything to draw.
pub(crate) fn draw(path: &Path, curve: &Curve<'_>) {
    let Curve { title, axes, points } = curve;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    let top = points.iter().map(|p| p.1).fold(0.0, f64::max) * 1.2;
    let area = SVGBackend::new(path, (640, 360)).into_drawing_area();
    let drawn = (|| {
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(80)
            .build_cartesian_2d((first.0..last.0 * 1.05).log_scale(), 0.0..top)?;
        let number = |value: &f64| if *value >= 1.0 { format!("{value:.0}") } else { format!("{value:.4}") };
        chart
            .configure_mesh()
            .x_desc(axes[0])
            .y_desc(axes[1])
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .draw()?;
        chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, BLUE.filled())))?;
        area.present()
    })();
    if let Err(problem) = drawn.map_err(|e: DrawingAreaErrorKind<_>| e.to_string()) {
        eprintln!("bench: {}: {problem}", path.display());
    }
}
