<?php
// Answers a Retell function call by running into what its name says, deep inside of callbacks and a generator.
class LimitsFunctionCallHandler
{
    /** What does nothing opcache leaves out. */
    private int $steps = 0;

    public function handle(string $how): array
    {
        register_shutdown_function(fn () => $this->after());
        return $this->outer($how);
    }

    private function outer(string $how): array
    {
        try {
            return array_map(fn (string $one) => $this->inner($one), [$how]);
        } finally {
            $this->cleanup();
        }
    }

    private function inner(string $how): string
    {
        foreach ($this->steps($how) as $step) {
            return $step;
        }
    }

    private function steps(string $how): Generator
    {
        yield $this->$how();
    }

    private function cleanup(): void
    {
        $this->steps++;
    }

    private function after(): void
    {
        $this->steps++;
    }

    private function nothing(): string
    {
        $this->steps++;
        return 'done';
    }

    private function memory(): string
    {
        return str_repeat('x', 1 << 30);
    }

    private function memory_in_small_steps(): string
    {
        for ($list = []; ; ) {
            $list[] = $this->piece();
        }
    }

    private function piece(): string
    {
        return str_repeat('x', 1 << 20);
    }

    private function time(): string
    {
        set_time_limit(1);
        while (true) {
            $this->steps++;
        }
    }

    private function hard(): string
    {
        set_time_limit(1);
        return (string) similar_text(str_repeat('ab', 20000), str_repeat('ba', 20000));
    }

    private function leave(): string
    {
        exit('bye');
    }

    private function user_error(): string
    {
        trigger_error('gave up', E_USER_ERROR);
        return 'not reached';
    }

    private function missing(): string
    {
        return require __DIR__ . '/none.php';
    }

    private function undefined(): string
    {
        return nobody_defined_this();
    }
}

$call = json_decode(file_get_contents('php://input'), true);
echo json_encode((new LimitsFunctionCallHandler())->handle($call['name']));
