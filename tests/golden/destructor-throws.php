<?php
// Destructors that throw: into the function, beside another exception, and at shutdown where nobody catches.

class Fuse
{
    public function __construct(private string $name)
    {
    }

    public function __destruct()
    {
        throw new RuntimeException("fuse {$this->name}");
    }
}

function burns(): void
{
    $fuse = new Fuse('one');
}

function both(): void
{
    $fuse = new Fuse('two');
    throw new LogicException('body');
}

try {
    burns();
} catch (RuntimeException $e) {
    echo $e->getMessage(), "\n";
}
try {
    both();
} catch (Exception $e) {
    echo get_class($e), ' ', $e->getMessage(), ' after ', get_class($e->getPrevious()), "\n";
}
set_exception_handler(function (Throwable $e): void {
    echo 'handler: ', $e->getMessage(), "\n";
});
$last = new Fuse('three');
echo "end\n";
