<?php
// exit in a destructor that runs at the end of a function, and in one that runs at shutdown.

class Bomb
{
    public function __construct(private string $name)
    {
    }

    public function __destruct()
    {
        echo "{$this->name} ";
        $this->leave(5);
    }

    private function leave(int $status): void
    {
        exit($status);
    }
}

function scope(): void
{
    $local = new Bomb('local');
    echo 'scope ';
}

$first = new Bomb('first');
$second = new Bomb('second');
scope();
echo 'not reached';
