<?php

namespace App\Http\Controllers;

use App\Services\RetellFunctionCallHandler;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;

class RetellFunctionController
{
    private RetellFunctionCallHandler $handler;

    public function __construct(RetellFunctionCallHandler $handler)
    {
        $this->handler = $handler;
    }

    public function handle(Request $request): JsonResponse
    {
        return $this->answer(
            (string) $request->json('name'),
            (array) $request->json('args', []),
            (array) $request->json('call', [])
        );
    }

    /** The function's name is in the path; the body may be the bare arguments. */
    public function handleNamed(Request $request, string $name): JsonResponse
    {
        $body = $request->json()->all();
        if (!isset($body['args'])) {
            $body = ['args' => $body, 'call' => ['call_id' => $request->header('X-Retell-Call-Id')]];
        }
        return $this->answer($name, (array) $body['args'], $body['call'] ?? []);
    }

    private function answer(string $name, array $args, array $call): JsonResponse
    {
        return response()->json($this->handler->handle($name, $args, $call));
    }
}
