// Load: one request after the other of a file, over kept TLS connections, and how long each took.
//
//	load -url https://localhost:9443/mutate -ca ca.crt -bodies bodies -concurrency 8 -seconds 2
//	load -url ... -rate 200 -seconds 10
//
// Closed loop by default: each of `concurrency` callers waits for its answer. With -rate requests begin when they
// are due, whether or not others have been answered, and their time counts from then on: a server that stalls is
// charged for every request that would have come meanwhile (no coordinated omission).
// Prints one JSON object. Times are in microseconds.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type result struct {
	Seconds  float64        `json:"seconds"`
	Statuses map[string]int `json:"statuses"`
	// Answers that hold what is looked for.
	Found  int     `json:"found"`
	Micros []int64 `json:"micros"`
}

type caller struct {
	client *http.Client
	url    string
	token  string
	bodies [][]byte
	look   []byte

	lock   sync.Mutex
	micros []int64
	found  int
	seen   map[string]int
}

func main() {
	url := flag.String("url", "", "where to POST")
	ca := flag.String("ca", "", "file with the CA to trust; empty: trust anybody")
	token := flag.String("token", "", "bearer token")
	file := flag.String("bodies", "", "file with one JSON body a line")
	concurrency := flag.Int("concurrency", 8, "callers, where no rate is given")
	look := flag.String("look", "", "count the answers that hold this text")
	rate := flag.Float64("rate", 0, "requests a second, begun when they are due")
	seconds := flag.Float64("seconds", 1, "for how long new requests begin")
	count := flag.Int("count", 0, "end after this many requests, where that is sooner; not with a rate")
	flag.Parse()

	bodies, err := os.ReadFile(*file)
	check(err)
	call := &caller{
		client: &http.Client{Transport: transport(*ca), Timeout: 30 * time.Second},
		url:    *url,
		token:  *token,
		bodies: bytes.Split(bytes.TrimSpace(bodies), []byte("\n")),
		look:   []byte(*look),
		seen:   map[string]int{},
	}
	started := time.Now()
	end := started.Add(time.Duration(*seconds * float64(time.Second)))
	if *rate > 0 {
		call.open(started, end, *rate)
	} else {
		call.closed(end, *concurrency, *count)
	}
	check(json.NewEncoder(os.Stdout).Encode(result{
		Seconds:  time.Since(started).Seconds(),
		Statuses: call.seen,
		Found:    call.found,
		Micros:   call.micros,
	}))
}

func (c *caller) closed(end time.Time, concurrency, count int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range concurrency {
		all.Go(func() {
			for now := time.Now(); now.Before(end); now = time.Now() {
				number := int(next.Add(1)) - 1
				if count > 0 && number >= count {
					return
				}
				c.one(number, now)
			}
		})
	}
	all.Wait()
}

func (c *caller) open(started, end time.Time, rate float64) {
	var all sync.WaitGroup
	for number := 0; ; number++ {
		due := started.Add(time.Duration(float64(number) / rate * float64(time.Second)))
		if due.After(end) {
			break
		}
		time.Sleep(time.Until(due))
		all.Go(func() { c.one(number, due) })
	}
	all.Wait()
}

func (c *caller) one(number int, since time.Time) {
	status, answer := c.post(c.bodies[number%len(c.bodies)])
	micros := time.Since(since).Microseconds()
	found := bytes.Contains(answer, c.look)
	c.lock.Lock()
	defer c.lock.Unlock()
	c.micros = append(c.micros, micros)
	c.seen[status]++
	if found {
		c.found++
	}
}

func (c *caller) post(body []byte) (string, []byte) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.url, bytes.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err.Error(), nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error(), nil
	}
	return fmt.Sprint(response.StatusCode), answer
}

func transport(ca string) *http.Transport {
	trust := &tls.Config{InsecureSkipVerify: ca == ""}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		check(err)
		trust.RootCAs = x509.NewCertPool()
		trust.RootCAs.AppendCertsFromPEM(pem)
	}
	// HTTP/1.1, as the API server speaks to Services.
	return &http.Transport{TLSClientConfig: trust, MaxIdleConnsPerHost: 1000}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
