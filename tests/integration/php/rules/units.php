<?php
// A worker with jobs, each of which raises an error of PHP's.
class Loop
{
    public function process(int $job): int
    {
        return $this->step($job);
    }

    private function step(int $job): int
    {
        trigger_error("job $job", E_USER_WARNING);
        return $job;
    }
}

$loop = new Loop();
for ($job = 1; $job <= $argv[1]; $job++) {
    $loop->process($job);
}
