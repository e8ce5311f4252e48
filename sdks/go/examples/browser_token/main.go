// Gives the page of a signed-in person a token, so that its phone needs no API key.
//
//	SAUTIKIT_BASE_URL=… SAUTIKIT_API_KEY=… PORT=3000 go run ./examples/browser_token
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/sautikit/sautikit-go"
)

func main() {
	client, err := sautikit.New()
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/api/sip-token", func(w http.ResponseWriter, r *http.Request) {
		// Here you know who is signed in.
		token, err := client.SIPToken(r.Context(), &sautikit.CreateSIPToken{Identity: sautikit.Ptr("front-desk")})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(token); err != nil {
			log.Print(err)
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
