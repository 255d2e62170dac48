<?php
// exit with a status, five functions deep, past finally blocks and through a callback.

class Task
{
    public function run(array $list): void
    {
        array_map([$this, 'each'], $list);
        echo 'not reached';
    }

    public function each(int $n): int
    {
        try {
            return $n < 2 ? $n : $this->stop($n);
        } finally {
            echo "finally $n\n";
        }
    }

    private function stop(int $status): never
    {
        try {
            exit($status + 40);
        } finally {
            echo 'not run';
        }
    }
}

register_shutdown_function(fn () => print("shutdown\n"));
(new Task())->run([1, 2, 3]);
