<?php
// debug_backtrace and the traces of exceptions are as without the agent: arguments, objects, includes, callbacks, closures.

class Tracer
{
    public function run(string $how, mixed ...$more): void
    {
        array_map(fn (mixed $x) => $this->show($how, $x), $more);
    }

    private function show(string $how, mixed $x): void
    {
        $how === 'print' ? debug_print_backtrace() : $this->dump($x);
    }

    private function dump(mixed $x): void
    {
        foreach (debug_backtrace(DEBUG_BACKTRACE_PROVIDE_OBJECT) as $frame) {
            echo basename($frame['file'] ?? '-'), ':', $frame['line'] ?? '-', ' ', $frame['class'] ?? '', $frame['type'] ?? '',
                preg_replace('/closure.*\}/', 'closure}', $frame['function']), ' ', isset($frame['object']) ? 'object ' : '', count($frame['args'] ?? []), "\n";
        }
        echo $this->thrown($x)->getTraceAsString(), "\n";
    }

    private function thrown(mixed $x): Throwable
    {
        try {
            throw new RuntimeException('for its trace');
        } catch (RuntimeException $e) {
            return $e;
        }
    }
}

function yields(): Generator
{
    yield (new Exception())->getTraceAsString();
}

(new Tracer())->run('print', 1, ['a' => 'b']);
(new Tracer())->run('dump', new ArrayObject());
foreach (yields() as $trace) {
    echo $trace, "\n";
}
eval('(new Tracer())->run("print", null);');
