<?php
/** Its destructor calls on, as those of Guzzle's streams do, and may throw and catch for itself. */
class Resource
{
    public function __construct(private bool $throws = false)
    {
    }

    public function __destruct()
    {
        $this->close();
    }

    private function close(): int
    {
        try {
            return $this->throws ? throw new DomainException('own') : 1;
        } catch (DomainException $e) {
            return 2;
        }
    }
}

class Failure extends RuntimeException
{
    public ?Resource $resource = null;
}

function fails(bool $throws): never
{
    $local = new Resource($throws); // destroyed on the way
    $failure = new Failure('outer');
    $failure->resource = new Resource(); // destroyed with the exception
    throw $failure;
}

function catches(bool $throws): string
{
    try {
        fails($throws);
    } catch (Failure $e) {
        return 'caught';
    }
}

/** The second exception takes the variable of the first, which is destroyed with what it holds. */
function retries(): string
{
    for ($i = 0; $i < 2; $i++) {
        try {
            fails(false);
        } catch (Failure $e) {
        }
    }
    return 'gave up';
}

echo catches(false), catches(true), retries();
