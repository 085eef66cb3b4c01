// Balance: what a Service does. Each connection goes to the next of several servers, and stays there.
//
//	balance -listen 127.0.0.1:9443 127.0.0.1:9444 127.0.0.1:9445
package main

import (
	"flag"
	"io"
	"log"
	"net"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9443", "address")
	flag.Parse()
	servers := flag.Args()

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	for turn := 0; ; turn++ {
		caller, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go connect(caller, servers[turn%len(servers)])
	}
}

func connect(caller net.Conn, address string) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		caller.Close()
		return
	}
	go carry(server, caller)
	carry(caller, server)
}

// On Linux the kernel carries it: what is sent does not pass through this process.
func carry(to, from net.Conn) {
	io.Copy(to, from)
	to.Close()
	from.Close()
}
