<?php
/* Runs one case n times and prints how many nanoseconds that took, by the clock and of the processor: ?case=NAME&n=N */
require __DIR__ . '/vendor/off.php';

function args_two(int $a, string $b): int { return $a; }
function time_two(int $a, string $b): int { return $a; }
function time_fib(int $n): int { return $n < 2 ? $n : time_fib($n - 1) + time_fib($n - 2); }

final class ArgsPlan
{
    public function eight(array $row): int { return 1; }
}

final class TimePlan
{
    public function eight(array $row): int { return 1; }
}

function run(string $case, int $n): void
{
    $row = ['id' => 1, 'service' => 'Schnitt', 'slot' => '2026-03-04 16:15', 'price' => 39.5,
            'paid' => false, 'note' => null, 'salon' => 'Mitte', 'minutes' => 45];
    $off = new OffPlan;
    $time = new TimePlan;
    $args = new ArgsPlan;

    switch ($case) {
        case 'empty': for ($i = 0; $i < $n; $i++); break;
        case 'off_two': for ($i = 0; $i < $n; $i++) off_two($i, 'x'); break;
        case 'time_two': for ($i = 0; $i < $n; $i++) time_two($i, 'x'); break;
        case 'args_two': for ($i = 0; $i < $n; $i++) args_two($i, 'x'); break;
        case 'off_eight': for ($i = 0; $i < $n; $i++) $off->eight($row); break;
        case 'time_eight': for ($i = 0; $i < $n; $i++) $time->eight($row); break;
        case 'args_eight': for ($i = 0; $i < $n; $i++) $args->eight($row); break;
        case 'off_fib': off_fib($n); break;
        case 'time_fib': time_fib($n); break;
    }
}

function processor(): int
{
    $used = getrusage();
    return 1000 * (1000000 * ($used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec'])
        + $used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec']);
}

$processor = processor();
$clock = hrtime(true);
run($_GET['case'], (int) $_GET['n']);
$clock = hrtime(true) - $clock;
echo $clock, ' ', processor() - $processor;
