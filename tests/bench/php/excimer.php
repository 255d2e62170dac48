<?php
/* Before each request of the sampling profiler's runs: a sample every 10 ms of wall time, as its documentation has it. */
$profiler = new ExcimerProfiler;
$profiler->setPeriod(0.01);
$profiler->setEventType(EXCIMER_REAL);
$profiler->start();
register_shutdown_function(static function () use ($profiler): void {
    $profiler->stop();
    $profiler->flush();
});
