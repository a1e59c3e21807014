// A loop of 1 kHz that follows the EMG of one muscle, and lets go where that cannot be used.
//   apt install g++ libzmq3-dev cppzmq-dev libmsgpack-cxx-dev
//   g++ -std=c++17 -O2 subscriber.cpp -o subscriber -lzmq
//   ./subscriber SOL_r tcp://127.0.0.1:5556     # on the session's machine
//   ./subscriber SOL_r tcp://lab:5556 for-me    # on another, with the folder of its keys
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>
#include <msgpack.hpp>
#include <thread>
#include <zmq.hpp>

constexpr int USABLE = 1 | 16 | 64 | 128;  // of status; it lets go at any other bit, known or not
constexpr double OLDEST = 0.1, UNSURE = 0.5, STEP = 0.02;  // what a device bears: s, sigma, a ms
using Clock = std::chrono::steady_clock;  // on Linux, and on the session's machine, that of `sent`

struct Message {  // emg or meta: what it lacks stays as it is here, and other fields are ignored
    int v = 0, status = ~0;
    double sent = NAN, age_ms = NAN, lead_ms = NAN;
    std::string session;
    std::vector<char> emg, sigma;  // float32, little endian
    std::vector<std::string> channel_names;
    MSGPACK_DEFINE_MAP(v, status, sent, age_ms, lead_ms, session, emg, sigma, channel_names)
};

std::string key(const std::string& file, const std::string& name) {
    std::ifstream stream(file);  // it has a line like:    public-key = "40 characters"
    const std::string text(std::istreambuf_iterator<char>(stream), {}), head = name + "-key = \"";
    if (text.find(head) == text.npos) throw std::runtime_error("no " + name + " key in " + file);
    return text.substr(text.find(head) + head.size(), 40);
}

zmq::socket_t listen(zmq::context_t& context, const std::string& topic, char** argv) {
    zmq::socket_t socket(context, zmq::socket_type::sub);
    if (const char* folder = argv[3]) {
        const std::string own = folder + std::string("/client.key_secret");
        socket.set(zmq::sockopt::curve_publickey, key(own, "public"));
        socket.set(zmq::sockopt::curve_secretkey, key(own, "secret"));
        const std::string server = folder + std::string("/server.key");
        socket.set(zmq::sockopt::curve_serverkey, key(server, "public"));
    }
    socket.set(zmq::sockopt::conflate, true);       // only the newest, so a socket for each topic
    socket.set(zmq::sockopt::heartbeat_ivl, 2000);  // ms: else a machine that crashed is not missed
    socket.set(zmq::sockopt::subscribe, topic + '\0');
    socket.connect(argv[2]);
    return socket;
}

bool take(zmq::socket_t& socket, Message& message) {
    zmq::message_t frame;
    if (!socket.recv(frame, zmq::recv_flags::dontwait)) return false;
    const size_t head = frame.to_string_view().find('\0') + 1;
    message = msgpack::unpack(frame.data<char>() + head, frame.size() - head)->as<Message>();
    return true;
}

int main(int, char** argv) {
    zmq::context_t context;
    zmq::socket_t emgs = listen(context, "emg", argv), metas = listen(context, "meta", argv);
    Message m, meta;
    float emg = 0, sigma = 0;
    double until = 0, quickest = INFINITY, assistance = 0;
    auto tick = Clock::now();
    for (long count = 1;; ++count) try {
        std::this_thread::sleep_until(tick += std::chrono::milliseconds(1));
        const double now = std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
        assistance += std::clamp((now < until ? emg : 0.0) - assistance, -STEP, STEP);
        if (count % 100 == 0)
            std::cout << (now < until ? "follows " : "let go ") << assistance << std::endl;
        if (!take(emgs, m)) continue;
        until = 0;
        if (m.session != meta.session) {  // other names and another clock, perhaps
            quickest = INFINITY;
            take(metas, meta);
        } else if (m.v == 1 && !(m.status & ~USABLE)) {
            const double way = now - m.sent;
            quickest = std::min(way, quickest + 1e-6);  // clocks drift: 1e-4 at 100 Hz
            const double old = 1e-3 * (m.age_ms - m.lead_ms) + way - (argv[3] ? quickest : 0.0);
            const auto& names = meta.channel_names;
            const size_t k = std::find(names.begin(), names.end(), argv[1]) - names.begin();
            if (k == names.size()) throw std::runtime_error("no such channel");
            std::memcpy(&emg, &m.emg.at(4 * k), 4);
            std::memcpy(&sigma, &m.sigma.at(4 * k), 4);
            if (std::isfinite(emg) && sigma < UNSURE) until = now + OLDEST - old;
        }
    } catch (const std::exception& error) {  // of a message that cannot be read, too
        std::cerr << error.what() << std::endl;
    }
}
