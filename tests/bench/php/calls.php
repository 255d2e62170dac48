<?php
/* What a function call costs: the script prints nanoseconds a call, measured inside. */
require __DIR__ . '/vendor/off.php';

function two_scalars(int $a, string $b): int { return $a; }
function eight_keys(array $a): int { return 1; }

$row = ['id' => 1, 'service' => 'Schnitt', 'slot' => '2026-03-04 16:15', 'price' => 39.5,
        'paid' => false, 'note' => null, 'salon' => 'Mitte', 'minutes' => 45];

function timed(int $n, callable $loop): float
{
    $start = hrtime(true);
    $loop($n);
    return (hrtime(true) - $start) / $n;
}

$n = (int) ($_GET['n'] ?? 2000);
echo json_encode([
    'off' => timed($n * 50, off_loop()),
    'two scalars' => timed($n, function ($n) { for ($i = 0; $i < $n; $i++) two_scalars($i, 'x'); }),
    'eight keys' => timed($n, function ($n) use ($row) { for ($i = 0; $i < $n; $i++) eight_keys($row); }),
]);
