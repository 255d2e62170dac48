<?php
// set_exception_handler, the previous one, one that throws itself.

class Handler
{
    public function handle(Throwable $e): void
    {
        echo get_class($e), ': ', $e->getMessage(), "\n";
        $this->report($e);
    }

    private function report(Throwable $e): void
    {
        throw new RuntimeException('from the handler', 0, $e);
    }
}

function first(Throwable $e): void
{
    echo 'not called';
}

set_exception_handler('first');
$previous = set_exception_handler([new Handler(), 'handle']);
echo $previous, "\n";
(function (): void {
    throw new LogicException('body');
})();
