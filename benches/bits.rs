//! The kernels, timed.

mod kernels;

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn kernels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernels");
    group.measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    group.sample_size(20);
    for make in kernels::ALL {
        let mut kernel = make();
        group.throughput(Throughput::Elements(kernel.units));
        group.bench_function(format!("{}, by {}", kernel.name, kernel.unit), |bench| {
            bench.iter(|| (kernel.run)());
        });
    }
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
