<?php

namespace App\Http\Controllers;

use Illuminate\Http\Request;
use RuntimeException;

class PageController
{
    public function home()
    {
        return response('<h1>Salon Schönwald</h1>')->cookie('besuch', 'ja', 60, '/', null, false, true, true);
    }

    public function health()
    {
        return response('ok', 200, ['Content-Type' => 'text/plain']);
    }

    /** What came in, so that a client can tell whether it came in whole. */
    public function echo(Request $request)
    {
        return response()->json([
            'method' => $request->method(),
            'query' => $request->query(),
            'length' => strlen($request->getContent()),
            'sha256' => hash('sha256', $request->getContent()),
        ]);
    }

    public function prices()
    {
        return response()->json(['Färben' => 89.0, 'Schneiden' => 45.5, 'Föhnen' => null]);
    }

    public function broken()
    {
        throw new RuntimeException('Preisliste nicht gefunden');
    }
}
