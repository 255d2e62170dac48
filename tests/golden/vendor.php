<?php
// Vendor code between application code is not in the tree; what it calls back is, and what it catches.

require __DIR__ . '/vendor/lib/Pipeline.php';

class Steps
{
    public function double(int $n): int
    {
        return $n * 2;
    }

    public function rejects(int $n): int
    {
        return $this->check($n);
    }

    private function check(int $n): int
    {
        throw $n > 5 ? new InvalidArgumentException("rejected $n") : new RangeException("small $n");
    }
}

function run(int $n): int
{
    $steps = new Steps();
    return (new Pipeline())->pipe([$steps, 'double'])->pipe([$steps, 'rejects'])->pipe(fn (int $n): int => $n - 1)->run($n);
}

echo run(4), ' ';
try {
    echo run(1);
} catch (RangeException $e) {
    echo $e->getMessage(), "\n";
}
