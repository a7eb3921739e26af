// A small web server whose answers depend on Go's map order, its scheduler and the clock.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"
)

var (
	mu      sync.Mutex
	counter int
	items   = map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8}
)

func answer(w http.ResponseWriter, r *http.Request) {
	mu.Lock()
	counter++
	number := counter
	mu.Unlock()
	order := ""
	for key := range items {
		order += key
	}
	// Work for the scheduler: a goroutine for each item, collected as they finish.
	results := make(chan int, len(items))
	for _, value := range items {
		go func(value int) { results <- value * value }(value)
	}
	finished := []int{}
	for range items {
		finished = append(finished, <-results)
	}
	body, err := json.Marshal(map[string]any{
		"number": number, "path": r.URL.Path, "order": order, "finished": finished, "time": time.Now().UnixNano(),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Println(string(body))
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func main() {
	http.HandleFunc("/", answer)
	fmt.Println(`{"action":"listening"}`)
	if err := http.ListenAndServe(":8000", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
