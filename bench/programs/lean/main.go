// Lean: the least that a webhook in Go can do. It reads the uid and answers with the same patch every time.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
)

type review struct {
	Request struct {
		UID string `json:"uid"`
	} `json:"request"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	Patch     []byte `json:"patch"`
	PatchType string `json:"patchType"`
}

type answer struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Response   response `json:"response"`
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "")
	certificate := flag.String("cert", "", "")
	key := flag.String("key", "", "")
	file := flag.String("patch", "", "file with the JSON Patch of every answer")
	flag.Parse()

	patch, err := os.ReadFile(*file)
	if err != nil {
		log.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked review
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		said := answer{"admission.k8s.io/v1", "AdmissionReview",
			response{UID: asked.Request.UID, Allowed: true, Patch: patch, PatchType: "JSONPatch"}}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(said)
	})
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving %d", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.ServeTLS(listener, handler, *certificate, *key))
}
