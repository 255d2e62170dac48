<?php

namespace App\Http\Middleware;

use Closure;
use Illuminate\Http\Request;

class VerifyRetellSignature
{
    private const WINDOW_MS = 300000;

    public function handle(Request $request, Closure $next)
    {
        $key = config('services.retell.api_key');
        if ($key !== '' && !$this->verify($request->getContent(), (string) $request->header('X-Retell-Signature'), $key)) {
            return response()->json(['message' => 'Invalid signature.'], 401);
        }
        return $next($request);
    }

    private function verify(string $body, string $signature, string $apiKey): bool
    {
        if (!preg_match('/^v=(\d+),d=([0-9a-f]{64})$/', $signature, $found)) {
            return false;
        }
        [, $sentAt, $digest] = $found;
        return abs(microtime(true) * 1000 - (int) $sentAt) <= self::WINDOW_MS
            && hash_equals(hash_hmac('sha256', $body . $sentAt, $apiKey), $digest);
    }
}
