<?php
// Generators: resumed, sent to, keys, a return value, one that is never run, one in foreach.

function numbers(int $from, int $to): Generator
{
    for ($i = $from; $i <= $to; $i++) {
        yield "k$i" => $i;
    }
    return half($to);
}

function half(int $n): float
{
    return $n / 2;
}

function echoes(): Generator
{
    $got = 'first';
    while ($got !== null) {
        $got = yield strtoupper($got);
    }
}

foreach ($g = numbers(1, 3) as $key => $n) {
    echo "$key=$n ";
}
echo $g->getReturn(), ' ';
$e = echoes();
echo $e->current(), $e->send('second'), $e->send('third'), ' ';
$e->send(null);
echo var_export($e->valid(), true), ' ';
$never = numbers(5, 6);
unset($never);
echo array_sum(iterator_to_array(numbers(7, 8))), "\n";
