<?php
class Pipeline
{
    private array $steps = [];

    public function pipe(callable $step): static
    {
        $this->steps[] = $step;
        return $this;
    }

    public function run(int $n): int
    {
        foreach ($this->steps as $step) {
            $n = $this->one($step, $n);
        }
        return $n;
    }

    private function one(callable $step, int $n): int
    {
        try {
            return $step($n);
        } catch (InvalidArgumentException $e) {
            return -1;
        }
    }
}
