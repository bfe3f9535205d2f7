//! The drawing: how the rate follows a quota that changes, and how late the ends of many jobs are seen.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::ideal::Supply;
use crate::ways::{Way, run};
use crate::{Figures, Outcome, SEED, Tells, lengths};

/// The quota of which lateness is drawn.
pub(crate) const SUPPLY: &str = "5/s";
const JOBS: usize = 3000;
/// Seconds that a point stands for.
const STRETCH: usize = 20;
const MINUTES: usize = 40;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws both, of the quota that changes and of the measured figures.
pub(crate) fn draw(path: &str, changing: &Supply, figures: &[Figures]) -> Outcome<()> {
    if let Some(directory) = std::path::Path::new(path).parent() {
        std::fs::create_dir_all(directory)?;
    }
    let area = SVGBackend::new(path, (1000, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let (left, right) = area.split_horizontally(560);
    rates(&left, changing)?;
    lateness(&right, figures)?;
    Ok(area.present()?)
}

fn rates(area: &Area<'_>, supply: &Supply) -> Outcome<()> {
    let mut chart = ChartBuilder::on(area)
        .caption("3,000 jobs: requests a second under a quota that changes", ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(35)
        .y_label_area_size(40)
        .build_cartesian_2d(0.0..MINUTES as f64, 0.0..30.0)?;
    chart.configure_mesh().x_desc("minutes").y_desc("requests a second").light_line_style(WHITE).draw()?;
    let phases = &supply.phases;
    let ends = phases.iter().skip(1).map(|phase| phase.from.as_secs_f64() / 60.0).chain([MINUTES as f64]);
    let steps = phases
        .iter()
        .zip(ends)
        .flat_map(|(phase, end)| [(phase.from.as_secs_f64() / 60.0, phase.rate()), (end, phase.rate())]);
    chart
        .draw_series(LineSeries::new(steps, BLACK.stroke_width(2)))?
        .label("the quota")
        .legend(|(x, y)| line(x, y, BLACK));
    for (tells, label, colour) in
        [(Tells::Limit, "the service tells its limit", BLUE), (Tells::Nothing, "it tells nothing", RED)]
    {
        let run = run(Way::Fleet { max_rate: 50.0 }, &lengths(JOBS, SEED), &tells.changes(supply), SEED)?;
        let mut counts = vec![0_u32; MINUTES * 60 / STRETCH];
        for request in run.requests {
            if let Some(count) = counts.get_mut(request.at as usize / STRETCH) {
                *count += 1;
            }
        }
        let points = counts
            .into_iter()
            .enumerate()
            .map(|(index, count)| ((index as f64 + 0.5) * STRETCH as f64 / 60.0, f64::from(count) / STRETCH as f64));
        chart.draw_series(LineSeries::new(points, colour))?.label(label).legend(move |(x, y)| line(x, y, colour));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperMiddle).background_style(WHITE).draw()?;
    Ok(())
}

fn lateness(area: &Area<'_>, figures: &[Figures]) -> Outcome<()> {
    let mut chart = ChartBuilder::on(area)
        .caption(format!("mean lateness under a quota of {SUPPLY}"), ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(35)
        .y_label_area_size(45)
        .build_cartesian_2d((25.0..4000.0).log_scale(), (2.0..1000.0).log_scale())?;
    let number = |value: &f64| format!("{value:.0}");
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("jobs").y_desc("seconds").light_line_style(WHITE);
    mesh.x_label_formatter(&number).y_label_formatter(&number).draw()?;
    let own = |tells| {
        move |figures: &&Figures| match figures.way {
            Way::Fleet { .. } => figures.tells == tells,
            Way::Loops => false,
        }
    };
    let points = |is_one: &dyn Fn(&&Figures) -> bool, late: fn(&Figures) -> f64| {
        figures.iter().filter(is_one).map(|figures| (figures.jobs as f64, late(figures))).collect::<Vec<_>>()
    };
    let is_naive = |figures: &&Figures| matches!(figures.way, Way::Loops);
    let series = [
        (points(&is_naive, |figures| figures.late), "one loop a job", RGBColor(230, 140, 0)),
        (points(&own(Tells::Nothing), |figures| figures.late), "dcs-wait, told nothing", RED),
        (points(&own(Tells::Limit), |figures| figures.late), "dcs-wait, told the limit", BLUE),
        (points(&is_naive, |figures| figures.ideal), "all-knowing scheduler", BLACK),
    ];
    for (points, label, colour) in series {
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        chart.draw_series(LineSeries::new(points, colour))?.label(label).legend(move |(x, y)| line(x, y, colour));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE).draw()?;
    Ok(())
}

fn line(x: i32, y: i32, colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
}
