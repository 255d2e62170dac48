<?php

use App\Http\Controllers\PageController;
use Illuminate\Support\Facades\Route;

Route::get('/', [PageController::class, 'home']);
Route::get('/health', [PageController::class, 'health']);
Route::match(['get', 'post'], '/echo', [PageController::class, 'echo']);
Route::get('/preise', [PageController::class, 'prices']);
Route::get('/fehler', [PageController::class, 'broken']);
