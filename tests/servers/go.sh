# program: Go
# work: the compiler itself; then net/http with a client, goroutines on 1 and 4 processors, a ticker, os/exec, the collector under load, a goroutine that yields while it waits, goroutines that spin on an atomic or for ever
mkdir -p /tmp/go/m && cd /tmp/go/m
export GOCACHE=/tmp/go/cache GOPATH=/tmp/go/path GOFLAGS=-mod=mod CGO_ENABLED=0 GO111MODULE=on GOPROXY=off GOTOOLCHAIN=local
cat >go.mod <<'M'
module m
M
cat >main.go <<'G'
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	l, _ := net.Listen("tcp", "127.0.0.1:8000")
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hi ", r.URL.Path) }))
	r, err := http.Get("http://localhost:8000/a")
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(r.Body)
	fmt.Println(string(body))
	for _, n := range []int{1, 4} {
		runtime.GOMAXPROCS(n)
		var wg sync.WaitGroup
		var sum int64
		for i := 0; i < 1000; i++ {
			wg.Add(1)
			go func(i int) { atomic.AddInt64(&sum, int64(i)); wg.Done() }(i)
		}
		wg.Wait()
		fmt.Println(n, sum)
	}
	ticker := time.NewTicker(10 * time.Minute)
	start := time.Now()
	<-ticker.C
	<-ticker.C
	fmt.Println(time.Since(start).Round(time.Minute))
	out, err := exec.Command("/bin/echo", "child").Output()
	fmt.Print(string(out))
	var keep [][]byte
	for i := 0; i < 20000; i++ {
		keep = append(keep, make([]byte, 10000))
		if len(keep) > 100 {
			keep = nil
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Println(m.NumGC > 5)
	var flag int32
	go func() { time.Sleep(time.Millisecond); atomic.StoreInt32(&flag, 1) }()
	for i := 0; atomic.LoadInt32(&flag) == 0; i++ {
		if i%1000 == 0 {
			runtime.Gosched()
		}
	}
	fmt.Println("seen")
	// Without a call: only a signal of the runtime's makes room for the others.
	for _, n := range []int{1, 2} {
		runtime.GOMAXPROCS(n)
		atomic.StoreInt32(&flag, 0)
		go func() { time.Sleep(time.Millisecond); atomic.StoreInt32(&flag, 1) }()
		for atomic.LoadInt32(&flag) == 0 {
		}
		go func() {
			for count := 0; ; count++ {
			}
		}()
		time.Sleep(5 * time.Millisecond)
		runtime.GC()
		fmt.Println("spun", n)
	}
}
G
go build -o m . && ./m
# expect: hi /a
# expect: 1 499500
# expect: 4 499500
# expect: 20m0s
# expect: child
# expect: true
# expect: seen
# expect: spun 1
# expect: spun 2
