//! The drawing: lateness and requests of each way, a picture a length. Down and left is better.

use plotters::prelude::*;

use crate::ways::Way;
use crate::{Figures, LENGTHS, Outcome};

type Row = (f64, Way, Figures);

/// The lengths that are drawn.
const DRAWN: [&str; 6] = ["3 s", "10 s", "30 s", "2 min", "10 min", "2 h"];
const COLOURS: [RGBColor; 9] = [
    BLUE,
    RED,
    RGBColor(230, 140, 0),
    RGBColor(120, 70, 170),
    RGBColor(0, 150, 90),
    RGBColor(200, 60, 150),
    RGBColor(0, 160, 200),
    RGBColor(120, 120, 120),
    RGBColor(140, 90, 40),
];

/// Draws all.
pub(crate) fn draw(path: &str, rows: &[Row]) -> Outcome<()> {
    let area = SVGBackend::new(path, (1000, 640)).into_drawing_area();
    area.fill(&WHITE)?;
    let (pictures, legend) = area.split_vertically(580);
    let lengths = LENGTHS.iter().filter(|(name, _)| DRAWN.contains(name));
    for (area, (name, length)) in pictures.split_evenly((2, 3)).iter().zip(lengths) {
        let figures: Vec<_> = rows.iter().filter(|row| row.0 == *length).collect();
        let most = |of: fn(&Figures) -> f64| figures.iter().map(|row| of(&row.2)).fold(0.0, f64::max) * 2.0;
        let least = |of: fn(&Figures) -> f64| figures.iter().map(|row| of(&row.2)).fold(f64::MAX, f64::min) / 2.0;
        let (requests, late) = (|figures: &Figures| figures.requests, |figures: &Figures| figures.late);
        let [left, right] = [least(requests).max(1.0), most(requests)];
        let mut chart = ChartBuilder::on(area)
            .caption(format!("jobs of {name} ± 20 %"), ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(32)
            .y_label_area_size(42)
            .build_cartesian_2d((left..right).log_scale(), (least(late)..most(late)).log_scale())?;
        let number = |value: &f64| if *value < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        let mut mesh = chart.configure_mesh();
        mesh.x_desc("requests").y_desc("mean lateness, s").max_light_lines(1).x_labels(4).y_labels(4);
        mesh.x_label_formatter(&number).y_label_formatter(&number).draw()?;
        let equal = (1..50).map(|step| left + (right - left) * (f64::from(step) / 50.0).powi(2));
        let equal =
            equal.filter(|requests| *requests > 1.6).map(|requests| (requests, length / 2.0 / (requests - 1.5)));
        chart.draw_series(LineSeries::new(equal, BLACK.mix(0.4)))?;
        for ((_, _, figures), colour) in figures.iter().zip(COLOURS) {
            chart.draw_series([Circle::new((figures.requests, figures.late), 4, colour.filled())])?;
        }
    }
    let first = rows.iter().take(COLOURS.len()).map(|row| row.1.name());
    for (place, (name, colour)) in (0..).zip(first.zip(COLOURS)) {
        let (x, y) = (20 + place % 5 * 195, 12 + place / 5 * 22);
        legend.draw(&Circle::new((x, y), 4, colour.filled()))?;
        legend.draw(&Text::new(name, (x + 10, y - 7), ("sans-serif", 13)))?;
    }
    legend.draw(&Text::new("line: equal pauses, if the length were known", (810, 27), ("sans-serif", 12)))?;
    Ok(area.present()?)
}
